"""The built-in kinds, one line each: what `save_mlflow` takes and what becomes of it."""

from __future__ import annotations

from .formats import (
    arrays,
    estimators,
    figures,
    files,
    models,
    other_tables,
    pandas_frames,
    pandas_text,
    pickles,
    records,
    tensors,
    text,
)
from .formats.compressed import compressed
from .registry import ANYWHERE, DATA, MODEL, Format, Kind, register
from .weights.walk import holds_tensors, is_state_dict

_PICKLE = Format("pickle", pickles.write_pickle, pickles.read_pickle, code=True)
_JOBLIB = Format("joblib", pickles.write_joblib, pickles.read_joblib, code=True)
_PICKLES = {".pkl": "pickle", ".pickle": "pickle", ".joblib": "joblib"}
_JSON = Format("json", records.write_json, records.read_json, check=records.check_json)
_CHECKPOINT = Format(
    "torch checkpoint", tensors.write_checkpoint, tensors.read_checkpoint, check=tensors.check_checkpoint
)
_CHECKPOINTS = dict.fromkeys((".pt", ".pth", ".ckpt", ".bin", ".tar"), "torch checkpoint")
_SAFE = Format("safetensors", tensors.write_safetensors, tensors.read_safetensors, check=tensors.check_safetensors)
# Formats that are commonly found compressed as a whole (Parquet, Excel and pictures are compressed inside).
_PACKED = frozenset({"csv", "tsv", "json", "json lines", "pickle", "text", "npy"})


def _packed(formats: tuple[Format, ...]) -> tuple[Format, ...]:
    """Return formats with the compressed variants of those that have them."""
    return (*formats, *(one for form in formats if form.name in _PACKED for one in compressed(form).values()))


def _suffixes(names: dict[str, str], formats: tuple[Format, ...]) -> dict[str, str]:
    """Return the format of each suffix, those of compressed files (`.csv.gz`) included."""
    there = {form.name for form in formats}
    inner = {
        suffix + packing: variant.name
        for suffix, name in names.items()
        if name in _PACKED
        for packing, variant in compressed(next(form for form in formats if form.name == name)).items()
        if variant.name in there
    }
    return names | inner


register(
    Kind("str", ("builtins.str",), (Format("text", text.write_text, text.read_text),), DATA, check=text.check_text)
)
_FRAME = _packed(
    (
        Format("csv", pandas_text.write_csv, pandas_text.read_csv),
        Format("tsv", pandas_text.write_tsv, pandas_text.read_csv),
        Format("parquet", pandas_frames.write_parquet, pandas_frames.read_parquet),
        Format("feather", pandas_frames.write_feather, pandas_frames.read_feather),
        Format("json", pandas_text.write_json, pandas_text.read_whole),
        Format("json lines", pandas_text.write_jsonl, pandas_text.read_whole),
        Format("excel", pandas_text.write_excel, pandas_text.read_whole, needs="openpyxl"),
        Format("html", pandas_text.write_html, pandas_text.read_whole, needs="jinja2"),
        Format("latex", pandas_text.write_latex, pandas_text.read_whole, needs="jinja2"),
        Format("markdown", pandas_text.write_markdown, pandas_text.read_whole, needs="tabulate"),
        _PICKLE,
        _JOBLIB,
    )
)
_TYPED = {".parquet": "parquet", ".pq": "parquet", ".feather": "feather", ".arrow": "feather", ".ipc": "feather"}
_LINES = {".jsonl": "json lines", ".ndjson": "json lines"}
_DELIMITED = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv"}
register(
    Kind(
        "pandas.DataFrame",
        ("pandas.DataFrame", "pandas.core.frame.DataFrame"),
        _FRAME,
        DATA,
        suffixes=_suffixes(
            {
                **_DELIMITED,
                ".txt": "csv",
                **_TYPED,
                ".json": "json",
                **_LINES,
                ".xlsx": "excel",
                ".html": "html",
                ".htm": "html",
                ".tex": "latex",
                ".md": "markdown",
                **_PICKLES,
            },
            _FRAME,
        ),
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
_RECORDS = _packed(
    (
        _JSON,
        Format("json lines", records.write_lines, records.read_lines, check=records.check_lines),
        Format("yaml", records.write_yaml, records.read_yaml, check=records.check_json, needs="yaml"),
        Format("csv", records.table_writer(","), records.read_table, check=records.check_table),
        Format("tsv", records.table_writer("\t"), records.read_table, check=records.check_table),
        Format("npz", arrays.write_archive, arrays.read_archive, check=arrays.check_archive),
        _PICKLE,
        _JOBLIB,
    )
)
register(
    Kind(
        "dict or list (JSON)",
        ("builtins.dict", "builtins.list", "builtins.tuple"),
        (*_RECORDS, _CHECKPOINT, _SAFE),
        DATA,
        suffixes={
            **_suffixes(
                {".json": "json", **_LINES, ".yaml": "yaml", ".yml": "yaml", **_DELIMITED, ".npz": "npz", **_PICKLES},
                _RECORDS,
            ),
            **_CHECKPOINTS,
            ".safetensors": "safetensors",
        },
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
        suffixes={".txt": "lightgbm text", **_PICKLES},
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
_TABLE = _packed(
    (
        Format("csv", other_tables.write_csv, other_tables.read_csv),
        Format("tsv", other_tables.write_tsv, other_tables.read_csv),
        Format("parquet", other_tables.write_parquet, other_tables.read_parquet),
        Format("feather", other_tables.write_feather, other_tables.read_feather),
        Format("json", other_tables.write_json, other_tables.read_beside, needs="polars"),
        Format("json lines", other_tables.write_jsonl, other_tables.read_beside, needs="polars"),
        Format("excel", other_tables.write_excel, other_tables.read_beside, needs="openpyxl"),
        _PICKLE,
        _JOBLIB,
    )
)
# Text where it can hold the table, as for pandas.
_DEFAULTS = ("csv", "parquet")
_TABLES = _suffixes(
    {**_DELIMITED, ".txt": "csv", **_TYPED, ".json": "json", **_LINES, ".xlsx": "excel", **_PICKLES}, _TABLE
)
register(
    Kind("polars.DataFrame", ("polars.dataframe.frame.DataFrame",), _TABLE, DATA, suffixes=_TABLES, defaults=_DEFAULTS)
)
# Found by the protocol's method, not by a type: whatever comes later is taken as well.
register(Kind("dataframe interchange", (), _TABLE, DATA, suffixes=_TABLES, defaults=_DEFAULTS))
register(
    Kind(
        "datasets.Dataset",
        ("datasets.arrow_dataset.Dataset",),
        (Format("datasets", other_tables.write_dataset, other_tables.read_dataset), *_TABLE),
        DATA,
        suffixes=_TABLES,
    )
)
register(
    Kind(
        "datasets.DatasetDict",
        ("datasets.dataset_dict.DatasetDict",),
        (Format("datasets", other_tables.write_dataset, other_tables.read_dataset), _PICKLE, _JOBLIB),
        DATA,
        suffixes=_PICKLES,
    )
)
_ARRAY = _packed(
    (
        Format("npy", arrays.write_array, arrays.read_array, check=arrays.check_array),
        Format("npz", arrays.write_archive, arrays.read_archive, check=arrays.check_archive),
        Format("csv", arrays.text_writer(","), arrays.read_text, check=arrays.check_table),
        Format("tsv", arrays.text_writer("\t"), arrays.read_text, check=arrays.check_table),
        Format("text", arrays.text_writer(" "), arrays.read_text, check=arrays.check_table),
        Format("json", arrays.write_json, arrays.read_json, check=arrays.check_numbers),
        _PICKLE,
        _JOBLIB,
    )
)
register(
    Kind(
        "numpy.ndarray",
        ("numpy.ndarray",),
        _ARRAY,
        ANYWHERE,
        suffixes=_suffixes(
            {".npy": "npy", ".npz": "npz", **_DELIMITED, ".txt": "text", ".json": "json", **_PICKLES}, _ARRAY
        ),
        check=arrays.check_array,
    )
)
register(
    Kind(
        "matplotlib figure",
        ("matplotlib.figure.Figure",),
        (
            *(Format(form, figures.matplotlib_writer(form), figures.read_picture) for form in figures.DRAWINGS),
            _PICKLE,
            _JOBLIB,
        ),
        DATA,
        suffixes={**{f".{form}": form for form in figures.DRAWINGS}, **_PICKLES},
    )
)
register(
    Kind(
        "Pillow image",
        ("PIL.Image.Image",),
        tuple(
            Format(form, figures.image_writer(form), figures.read_image)
            for form in dict.fromkeys(figures.PICTURES.values())
        ),
        DATA,
        suffixes=figures.PICTURES,
    )
)
register(
    Kind(
        "Plotly figure",
        ("plotly.basedatatypes.BaseFigure",),
        (
            Format("html", figures.write_plotly_html, figures.read_plotly_html),
            Format("json", figures.write_plotly_json, figures.read_plotly_json),
            *(
                Format(form, figures.plotly_image_writer(form), figures.read_plotly_html, needs="kaleido")
                for form in ("png", "jpg", "jpeg", "webp", "svg", "pdf")
            ),
        ),
        DATA,
        suffixes={
            ".html": "html",
            ".htm": "html",
            ".json": "json",
            **{f".{form}": form for form in ("png", "jpg", "jpeg", "webp", "svg", "pdf")},
        },
    )
)
