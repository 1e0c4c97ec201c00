"""The built-in kinds, one line each: what `save_mlflow` takes and what becomes of it."""

from __future__ import annotations

from .formats import arrays, estimators, figures, files, models, other_tables, pandas_frames, pickles, tensors, text
from .registry import ANYWHERE, DATA, MODEL, Format, Kind, register
from .weights.walk import holds_tensors, is_state_dict

_PICKLE = Format("pickle", pickles.write_pickle, pickles.read_pickle, code=True)
_JOBLIB = Format("joblib", pickles.write_joblib, pickles.read_joblib, code=True)
_PICKLES = {".pkl": "pickle", ".pickle": "pickle", ".joblib": "joblib"}
_JSON = Format("json", text.write_json, text.read_json, check=text.check_json)
_CHECKPOINT = Format(
    "torch checkpoint", tensors.write_checkpoint, tensors.read_checkpoint, check=tensors.check_checkpoint
)
_CHECKPOINTS = dict.fromkeys((".pt", ".pth", ".ckpt", ".bin"), "torch checkpoint")
_SAFE = Format("safetensors", tensors.write_safetensors, tensors.read_safetensors, check=tensors.check_safetensors)

register(
    Kind("str", ("builtins.str",), (Format("text", text.write_text, text.read_text),), DATA, check=text.check_text)
)
register(
    Kind(
        "pandas.DataFrame",
        ("pandas.DataFrame", "pandas.core.frame.DataFrame"),
        (
            Format("csv", pandas_frames.write_csv, pandas_frames.read_csv),
            Format("parquet", pandas_frames.write_parquet, pandas_frames.read_parquet),
            Format("json", pandas_frames.write_json, pandas_frames.read_json),
            _PICKLE,
            _JOBLIB,
        ),
        DATA,
        suffixes={".csv": "csv", ".parquet": "parquet", ".json": "json", **_PICKLES},
    )
)
register(
    Kind(
        "pathlib.Path",
        ("pathlib.PurePath",),
        (Format("copy", files.copy_path, files.read_path),),
        ANYWHERE,
        check=files.check_path,
    )
)
register(
    Kind(
        "bytes",
        ("builtins.bytes", "builtins.bytearray"),
        (Format("bytes", text.write_bytes, text.read_bytes),),
        ANYWHERE,
    )
)
register(
    Kind(
        "dict or list (JSON)",
        ("builtins.dict", "builtins.list", "builtins.tuple"),
        (_JSON, _PICKLE, _JOBLIB, _CHECKPOINT, _SAFE),
        DATA,
        suffixes={".json": "json", **_PICKLES, **_CHECKPOINTS, ".safetensors": "safetensors"},
    )
)
# Later than JSON, so that it is asked first: whether there are tensors in it.
register(
    Kind(
        "torch checkpoint",
        tensors.TYPES,
        (_CHECKPOINT, _SAFE, _PICKLE, _JOBLIB, _JSON),
        ANYWHERE,
        suffixes={**_CHECKPOINTS, ".safetensors": "safetensors", **_PICKLES, ".json": "json"},
        takes=holds_tensors,
    )
)
register(
    Kind(
        "torch.Tensor",
        ("torch.Tensor",),
        (
            _CHECKPOINT,
            _SAFE,
            _PICKLE,
            _JOBLIB,
            Format("npy", tensors.write_array, tensors.read_array, check=tensors.check_array),
        ),
        ANYWHERE,
        suffixes={**_CHECKPOINTS, ".safetensors": "safetensors", **_PICKLES, ".npy": "npy"},
    )
)
register(
    Kind(
        "transformers model, tokenizer or configuration",
        models.PRETRAINED,
        (Format("transformers", models.write_pretrained, models.read_pretrained, check=models.check_pretrained),),
        MODEL,
    )
)
_STATE = Format("torch state_dict", tensors.write_state_dict, tensors.read_checkpoint, check=tensors.check_module)
_STATES = {".safetensors": "safetensors state_dict", **dict.fromkeys(_CHECKPOINTS, "torch state_dict")}
register(
    Kind(
        "torch.nn.Module",
        ("torch.nn.modules.module.Module",),
        (
            _STATE,
            Format(
                "safetensors state_dict",
                tensors.write_module_safetensors,
                tensors.read_safetensors,
                check=tensors.check_module_safetensors,
            ),
            _PICKLE,
            _JOBLIB,
        ),
        MODEL,
        suffixes={**_STATES, **_PICKLES},
    )
)
register(
    Kind(
        "torch state_dict",
        ("builtins.dict",),
        (
            Format(
                "torch state_dict", tensors.write_checkpoint, tensors.read_checkpoint, check=tensors.check_checkpoint
            ),
            Format(
                "safetensors state_dict",
                tensors.write_safetensors,
                tensors.read_safetensors,
                check=tensors.check_safetensors,
            ),
            _PICKLE,
            _JOBLIB,
            _JSON,
        ),
        ANYWHERE,
        suffixes={**_STATES, **_PICKLES, ".json": "json"},
        takes=is_state_dict,
    )
)
register(
    Kind(
        "PEFT adapter",
        ("peft.peft_model.PeftModel",),
        (Format("peft", models.write_adapter, models.read_adapter, check=models.check_adapter),),
        MODEL,
    )
)
register(
    Kind(
        "LightGBM model",
        ("lightgbm.sklearn.LGBMModel", "lightgbm.basic.Booster"),
        (Format("lightgbm text", estimators.write_lightgbm, estimators.read_lightgbm), _PICKLE, _JOBLIB),
        MODEL,
        suffixes=_PICKLES,
        check=estimators.check_lightgbm,
    )
)
register(
    Kind(
        "scikit-learn estimator",
        ("sklearn.base.BaseEstimator",),
        (Format("skops", estimators.write_skops, estimators.read_skops), _PICKLE, _JOBLIB),
        MODEL,
        suffixes={".skops": "skops", **_PICKLES},
        defaults=("skops", "pickle"),
    )
)
_TABLE = (
    Format("csv", other_tables.write_csv, other_tables.read_csv),
    Format("parquet", other_tables.write_parquet, other_tables.read_parquet),
)
# Text where it can hold the table, as for pandas.
_DEFAULTS = ("csv", "parquet")
_TABLES = {".csv": "csv", ".parquet": "parquet"}
register(
    Kind("polars.DataFrame", ("polars.dataframe.frame.DataFrame",), _TABLE, DATA, suffixes=_TABLES, defaults=_DEFAULTS)
)
# Found by the protocol's method, not by a type: whatever comes later is taken as well.
register(Kind("dataframe interchange", (), _TABLE, DATA, suffixes=_TABLES, defaults=_DEFAULTS))
register(
    Kind(
        "datasets.Dataset",
        ("datasets.arrow_dataset.Dataset", "datasets.dataset_dict.DatasetDict"),
        (Format("datasets", other_tables.write_dataset, other_tables.read_dataset),),
        DATA,
    )
)
register(
    Kind(
        "numpy.ndarray",
        ("numpy.ndarray",),
        (Format("npy", arrays.write_array, arrays.read_array), _PICKLE, _JOBLIB),
        ANYWHERE,
        suffixes={".npy": "npy", **_PICKLES},
        check=arrays.check_array,
    )
)
register(
    Kind(
        "matplotlib figure",
        ("matplotlib.figure.Figure",),
        tuple(Format(form, figures.matplotlib_writer(form), figures.read_picture) for form in ("png", "svg", "pdf")),
        DATA,
        suffixes={".png": "png", ".svg": "svg", ".pdf": "pdf"},
    )
)
register(
    Kind(
        "Plotly figure",
        ("plotly.basedatatypes.BaseFigure",),
        (
            Format("html", figures.write_plotly_html, figures.read_plotly_html),
            Format("json", figures.write_plotly_json, figures.read_plotly_json),
        ),
        DATA,
        suffixes={".html": "html", ".json": "json"},
    )
)
