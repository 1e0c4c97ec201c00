"""The loaders and writers of the lock's libraries that open files in native code; and libraries that are not asked."""

from __future__ import annotations

from typing import NamedTuple


class Loader(NamedTuple):
    """A function or method: where it is found, the position of its argument (self not counted), and that one's name."""

    module: str
    name: str
    position: int
    argument: str


LOADERS = (
    Loader("pandas", "read_parquet", 0, "path"),
    Loader("pandas", "read_feather", 0, "path"),
    Loader("pandas", "read_orc", 0, "path"),
    Loader("pandas", "read_hdf", 0, "path_or_buf"),
    Loader("pandas", "read_spss", 0, "path"),
    Loader("pandas", "HDFStore.__init__", 0, "path"),
    Loader("pyarrow", "memory_map", 0, "path"),
    Loader("pyarrow", "input_stream", 0, "source"),
    Loader("pyarrow.ipc", "open_file", 0, "source"),
    Loader("pyarrow.ipc", "open_stream", 0, "source"),
    Loader("pyarrow.csv", "read_csv", 0, "input_file"),
    Loader("pyarrow.csv", "open_csv", 0, "input_file"),
    Loader("pyarrow.json", "read_json", 0, "input_file"),
    Loader("pyarrow.json", "open_json", 0, "input_file"),
    Loader("pyarrow.feather", "read_feather", 0, "source"),
    Loader("pyarrow.feather", "read_table", 0, "source"),
    Loader("pyarrow.orc", "read_table", 0, "source"),
    Loader("pyarrow.orc", "ORCFile.__init__", 0, "source"),
    Loader("pyarrow.dataset", "dataset", 0, "source"),
    Loader("pyarrow.parquet", "read_table", 0, "source"),
    Loader("pyarrow.parquet", "ParquetFile.__init__", 0, "source"),
    Loader("pyarrow.parquet", "ParquetDataset.__init__", 0, "path_or_paths"),
    Loader("tokenizers", "Tokenizer.from_file", 0, "path"),
    Loader("tokenizers", "Tokenizer.train", 0, "files"),
    Loader("tokenizers.models", "BPE.from_file", 0, "vocab"),
    Loader("tokenizers.models", "BPE.from_file", 1, "merges"),
    Loader("tokenizers.models", "BPE.read_file", 0, "vocab"),
    Loader("tokenizers.models", "BPE.read_file", 1, "merges"),
    Loader("tokenizers.models", "WordPiece.from_file", 0, "vocab"),
    Loader("tokenizers.models", "WordLevel.from_file", 0, "vocab"),
    Loader("sentencepiece", "SentencePieceProcessor.LoadFromFile", 0, "arg"),
    Loader("lightgbm", "Dataset.__init__", 0, "data"),
    Loader("lightgbm", "Booster.__init__", 2, "model_file"),
    Loader("lightgbm", "Booster.predict", 0, "data"),
    Loader("safetensors", "safe_open.__init__", 0, "filename"),
    Loader("torch.jit._serialization", "load", 0, "f"),
    Loader("torch", "from_file", 0, "filename"),
)
WRITERS = (
    Loader("pandas", "DataFrame.to_parquet", 0, "path"),
    Loader("pandas", "DataFrame.to_feather", 0, "path"),
    Loader("pandas", "DataFrame.to_orc", 0, "path"),
    Loader("pandas", "DataFrame.to_hdf", 0, "path_or_buf"),
    Loader("pyarrow", "output_stream", 0, "source"),
    Loader("pyarrow", "create_memory_map", 0, "path"),
    Loader("pyarrow.ipc", "new_file", 0, "sink"),
    Loader("pyarrow.ipc", "new_stream", 0, "sink"),
    Loader("pyarrow.csv", "write_csv", 1, "output_file"),
    Loader("pyarrow.feather", "write_feather", 1, "dest"),
    Loader("pyarrow.orc", "write_table", 1, "where"),
    Loader("pyarrow.dataset", "write_dataset", 1, "base_dir"),
    Loader("pyarrow.parquet", "write_table", 1, "where"),
    Loader("pyarrow.parquet", "write_to_dataset", 1, "root_path"),
    Loader("pyarrow.parquet", "ParquetWriter.__init__", 0, "where"),
    Loader("tokenizers", "Tokenizer.save", 0, "path"),
    Loader("lightgbm", "Booster.save_model", 0, "filename"),
    Loader("lightgbm", "Dataset.save_binary", 0, "filename"),
    Loader("safetensors", "serialize_file", 1, "filename"),
    Loader("torch.serialization", "save", 1, "f"),
    Loader("torch.jit._serialization", "save", 1, "f"),
)
UNSEEN = {
    "catboost": "CatBoost",
    "cv2": "OpenCV",
    "duckdb": "DuckDB",
    "faiss": "faiss",
    "fasttext": "fastText",
    "h5py": "h5py",
    "kenlm": "KenLM",
    "netCDF4": "netCDF4",
    "onnxruntime": "ONNX Runtime",
    "rasterio": "rasterio",
    "soundfile": "soundfile",
    "tables": "PyTables",
    "tensorflow": "TensorFlow",
    "torchaudio": "torchaudio",
    "torchcodec": "torchcodec",
    "xgboost": "XGBoost",
}
"""Libraries that read files in native code and are not asked: module -> what it is called."""
