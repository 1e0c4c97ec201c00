"""The built-in kinds, one line each: what `save_mlflow` takes and what becomes of it."""

from __future__ import annotations

from .formats import arrays, figures, files, models, other_tables, pandas_frames, pickles, tensors, text
from .registry import ANYWHERE, DATA, MODEL, Format, Kind, register

_PICKLE = Format("pickle", pickles.write_pickle, pickles.read_pickle, code=True)
_JOBLIB = Format("joblib", pickles.write_joblib, pickles.read_joblib, code=True)
_PICKLES = {".pkl": "pickle", ".pickle": "pickle", ".joblib": "joblib"}

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
        (Format("json", text.write_json, text.read_json), _PICKLE, _JOBLIB),
        DATA,
        suffixes={".json": "json", **_PICKLES},
        check=text.check_json,
    )
)
register(
    Kind(
        "transformers model, tokenizer or configuration",
        models.PRETRAINED,
        (Format("transformers", models.write_pretrained, models.read_pretrained),),
        MODEL,
    )
)
register(
    Kind(
        "torch.nn.Module",
        ("torch.nn.modules.module.Module",),
        (
            Format("torch state_dict", tensors.write_state_dict, tensors.read_state_dict),
            Format("safetensors state_dict", tensors.write_safetensors, tensors.read_safetensors),
        ),
        MODEL,
        suffixes={".safetensors": "safetensors state_dict"},
    )
)
register(
    Kind(
        "torch state_dict",
        ("builtins.dict",),
        (
            Format("torch state_dict", tensors.write_state_dict, tensors.read_state_dict),
            Format("safetensors state_dict", tensors.write_safetensors, tensors.read_safetensors),
        ),
        MODEL,
        suffixes={".safetensors": "safetensors state_dict"},
        check=tensors.check_state_dict,
    )
)
register(
    Kind(
        "PEFT adapter",
        ("peft.peft_model.PeftModel",),
        (Format("peft", models.write_adapter, models.read_adapter),),
        MODEL,
    )
)
register(
    Kind(
        "LightGBM model",
        ("lightgbm.sklearn.LGBMModel", "lightgbm.basic.Booster"),
        (Format("lightgbm text", models.write_lightgbm, models.read_lightgbm), _PICKLE, _JOBLIB),
        MODEL,
        suffixes=_PICKLES,
        check=models.check_lightgbm,
    )
)
register(
    Kind(
        "scikit-learn estimator",
        ("sklearn.base.BaseEstimator",),
        (Format("skops", models.write_skops, models.read_skops), _PICKLE, _JOBLIB),
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
