# What nobody who uses a package reads, as patterns below the installed package: by its name, or by its version where only
# that one has it.
{
  # The folder of Python packages below an installed one: the bases have two names for it.
  site,
  # The CPU variant's torch, of torch-cpu.json.
  torchCpu,
}:
{
  # 125 MB of torch's own C++ tests; PyPI's wheel, the one for CUDA, has none.
  ${torchCpu.version} = [
    "${site}/torch/test"
    "${site}/torch/bin/test_*"
    "${site}/torch/bin/*Test"
  ];
  # Three packages carry the same 1,326 files; mlflow keeps them.
  mlflow-skinny = [ "${site}/mlflow" ];
  mlflow-tracing = [ "${site}/mlflow" ];
  # 62 MB of the hub's own pages; a lab under a hub shows none of them.
  jupyterhub = [ "share/jupyterhub/static/components" ];
  # 120 MB for other releases of CUDA than torch's, and for GPUs of other makers.
  bitsandbytes = map (kind: "${site}/bitsandbytes/libbitsandbytes_${kind}*.so") [
    "cuda11"
    "cuda12"
    "rocm"
    "xpu"
  ];
}
# 150 MB of the packages' own tests, which take a tenth of the time that all modules take to compile.
// builtins.mapAttrs (_name: folder: [ "${site}/${folder}/**/tests" ]) {
  networkx = "networkx";
  numpy = "numpy";
  pandas = "pandas";
  pyarrow = "pyarrow";
  scikit-learn = "sklearn";
  scipy = "scipy";
  spacy = "spacy";
  sympy = "sympy";
}
