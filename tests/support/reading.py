"""Files of every kind that users read, and how they read them: made here, read by a process that did not make them."""

from __future__ import annotations

import bz2
import gzip
import json
import pickle
import sqlite3
import zipfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Way(NamedTuple):
    """A line of a user's code, and the files below the folder of data that it reads."""

    code: str
    files: tuple[str, ...]


def _one(code: str, *files: str) -> Way:
    return Way(code, files)


WAYS = {
    "open": _one("open('data/open.txt').read()", "open.txt"),
    "os.open": _one("os.close(os.open('data/os_open.txt', os.O_RDONLY))", "os_open.txt"),
    "dir_fd": _one(
        "d = os.open('data/deep', os.O_RDONLY); os.close(os.open('by_fd.txt', 0, dir_fd=d))", "deep/by_fd.txt"
    ),
    "pathlib": _one("Path('data/path.txt').read_text()", "path.txt"),
    "csv": _one("list(csv.reader(open('data/rows.csv', newline='')))", "rows.csv"),
    "configparser": _one("configparser.ConfigParser().read('data/conf.ini')", "conf.ini"),
    "fileinput": _one("list(fileinput.input('data/input.txt'))", "input.txt"),
    "gzip": _one("gzip.open('data/text.gz').read()", "text.gz"),
    "bz2": _one("bz2.open('data/text.bz2').read()", "text.bz2"),
    "zip": _one("zipfile.ZipFile('data/text.zip').read('a')", "text.zip"),
    "mmap": _one(
        "f = open('data/mapped.bin', 'rb'); mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)[0]", "mapped.bin"
    ),
    "symlink": _one("open('data/link.txt').read()", "link.txt"),
    "japanese": _one("open('data/日本語 データ.txt').read()", "日本語 データ.txt"),
    "undecodable": _one("open(b'data/\\xe3\\x28.txt').read()", "\udce3(.txt"),
    "dots": _one("open('data/deep/../dots.txt').read()", "dots.txt"),
    "after chdir": _one("os.chdir('data/deep'); open('here.txt').read(); os.chdir('../..')", "deep/here.txt"),
    "thread": _one("t = threading.Thread(target=open, args=['data/thread.txt']); t.start(); t.join()", "thread.txt"),
    "sqlite3": _one("sqlite3.connect('data/base.db').execute('select * from t').fetchall()", "base.db"),
    "sqlite3 uri": _one("sqlite3.connect('file:data/uri.db?mode=ro', uri=True).execute('select * from t')", "uri.db"),
    "cat": _one("subprocess.run(['cat', 'data/cat.txt'], stdout=-3)", "cat.txt"),
    "unzip": _one("subprocess.run(['unzip', '-l', 'un.zip'], cwd='data', stdout=-3)", "un.zip"),
    "shell": _one("subprocess.run('cat < data/sh.txt | wc -l > out.txt', shell=True)", "sh.txt"),
    "os.system": _one("os.system('head -1 data/sys*.txt > /dev/null')", "sys_tem.txt"),
    "PIL": _one("PIL.Image.open('data/image.png').load()", "image.png"),
    "pandas csv": _one("pd.read_csv('data/frame.csv')", "frame.csv"),
    "pandas parquet": _one("pd.read_parquet('data/frame.parquet')", "frame.parquet"),
    "pandas json": _one("pd.read_json('data/frame.json')", "frame.json"),
    "pandas excel": _one("pd.read_excel('data/frame.xlsx')", "frame.xlsx"),
    "pandas pickle": _one("pd.read_pickle('data/frame.pkl')", "frame.pkl"),
    "pandas feather": _one("pd.read_feather('data/frame.feather')", "frame.feather"),
    "polars csv": _one("pl.read_csv('data/polars.csv')", "polars.csv"),
    "polars parquet": _one("pl.read_parquet(Path('data/polars.parquet'))", "polars.parquet"),
    "polars scan": _one("pl.scan_parquet('data/scan/*.parquet').collect()", "scan/a.parquet", "scan/b.parquet"),
    "polars ndjson": _one("pl.read_ndjson('data/polars.ndjson')", "polars.ndjson"),
    "pq.read_table": _one("pq.read_table('data/table.parquet')", "table.parquet"),
    "pq mapped": _one("pq.read_table('data/pq_map.parquet', memory_map=True)", "pq_map.parquet"),
    "pq.ParquetFile": _one("pq.ParquetFile('data/file.parquet').read()", "file.parquet"),
    "pyarrow.dataset": _one("pads.dataset('data/ds').to_table()", "ds/1.parquet", "ds/2.parquet"),
    "pyarrow.csv": _one("pacsv.read_csv('data/arrow.csv')", "arrow.csv"),
    "pyarrow.feather": _one("feather.read_table('data/table.feather', memory_map=True)", "table.feather"),
    "pyarrow ipc": _one("pa.ipc.open_file(pa.memory_map('data/ipc.arrow')).read_all()", "ipc.arrow"),
    "np.load": _one("np.load('data/array.npy')", "array.npy"),
    "np.load mapped": _one("m = np.load('data/mmap.npy', mmap_mode='r')", "mmap.npy"),
    "np.fromfile": _one("np.fromfile('data/raw.bin', 'u1')", "raw.bin"),
    "torch.load": _one("torch.load('data/tensor.pt')", "tensor.pt"),
    "torch.load mapped": _one("torch.load('data/mapped.pt', mmap=True)", "mapped.pt"),
    "safetensors": _one("safetensors.torch.load_file('data/a.safetensors')", "a.safetensors"),
    "safe_open": _one("safetensors.safe_open('data/b.safetensors', 'np').keys()", "b.safetensors"),
    "tokenizers": _one("tokenizers.Tokenizer.from_file('data/tokenizer.json')", "tokenizer.json"),
    "tokenizer train": _one("tokenizers.Tokenizer(tokenizers.models.BPE()).train(['data/corpus.txt'])", "corpus.txt"),
    "sentencepiece": _one(
        "spm.SentencePieceTrainer.train(input='data/sp.txt', model_prefix='sp', vocab_size=20, minloglevel=9)", "sp.txt"
    ),
    "sentencepiece options": _one(
        "spm.SentencePieceTrainer.train('--input=data/sp2.txt --model_prefix=sp --vocab_size=20 --minloglevel=9')",
        "sp2.txt",
    ),
    "sentencepiece model": _one("spm.SentencePieceProcessor(model_file='data/sp.model')", "sp.model"),
    "lightgbm": _one("lgb.Dataset('data/lgb.csv').construct()", "lgb.csv"),
    "lightgbm model": _one("lgb.Booster(model_file='data/lgb.txt')", "lgb.txt"),
    "AutoModel": _one(
        "transformers.AutoModel.from_pretrained('data/model')", "model/config.json", "model/model.safetensors"
    ),
    "load_dataset": _one("datasets.load_dataset('json', data_files='data/lines.jsonl')", "lines.jsonl"),
    "load_dataset cached": _one(
        "datasets.load_dataset('csv', data_files={'train': ['data/cached.csv']})", "cached.csv"
    ),
    "load_from_disk": _one(
        "datasets.load_from_disk('data/disk')[0]",
        "disk/data-00000-of-00001.arrow",
        "disk/state.json",
        "disk/dataset_info.json",
    ),
}
IMPORTS = (
    "import bz2, configparser, csv, fileinput, gzip, mmap, os, sqlite3, subprocess, threading, zipfile\n"
    "from pathlib import Path\n"
    "import numpy as np, pandas as pd, polars as pl, pyarrow as pa, torch, PIL.Image\n"
    "import pyarrow.csv as pacsv, pyarrow.dataset as pads, pyarrow.feather as feather, pyarrow.parquet as pq\n"
    "import datasets, lightgbm as lgb, safetensors.torch, sentencepiece as spm, tokenizers, transformers\n"
)


def make(folder: Path) -> None:
    """Make every file that `WAYS` reads below `folder`."""
    data = folder / "data"
    for name in ("deep", "scan", "ds"):
        (data / name).mkdir(parents=True)
    plain = "open os_open path input cat sh sys_tem dots thread corpus target"
    for name in plain.split():
        (data / f"{name}.txt").write_text(f"{name} 吾輩は猫である\n" * 3)
    for name in ("deep/by_fd.txt", "deep/here.txt", "日本語 データ.txt", "\udce3(.txt"):
        (data / name).write_text("猫\n")
    (data / "link.txt").symlink_to("target.txt")
    (data / "rows.csv").write_text("a,b\n1,2\n")
    (data / "conf.ini").write_text("[a]\nb = 1\n")
    (data / "mapped.bin").write_bytes(b"x" * 5000)
    (data / "raw.bin").write_bytes(b"raw")
    (data / "text.gz").write_bytes(gzip.compress(b"gzip"))
    (data / "text.bz2").write_bytes(bz2.compress(b"bz2"))
    for name in ("text.zip", "un.zip"):
        with zipfile.ZipFile(data / name, "w") as archive:
            archive.writestr("a", name)
    for name in ("base.db", "uri.db"):
        with sqlite3.connect(data / name) as base:
            base.execute("create table t (x)")
    _make_tables(data)
    _make_models(data)


def _make_tables(data: Path) -> None:
    import datasets
    import pandas as pd
    import PIL.Image
    import polars as pl
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet as pq

    frame = pd.DataFrame({"x": [0.5, 1.5, 2.5] * 10, "y": [0, 1, 0] * 10})
    for name in ("frame", "polars", "arrow", "cached", "lgb"):
        frame.to_csv(data / f"{name}.csv", index=False, header=name != "lgb")
    frame.to_json(data / "frame.json")
    frame.to_excel(data / "frame.xlsx")
    (data / "frame.pkl").write_bytes(pickle.dumps(frame))
    frame.to_feather(data / "frame.feather")
    (data / "lines.jsonl").write_text(json.dumps({"text": "猫"}) + "\n")
    pl.DataFrame({"x": [1]}).write_ndjson(data / "polars.ndjson")
    table = pa.table({"x": [1, 2]})
    parquet = "frame polars scan/a scan/b table pq_map file ds/1 ds/2"
    for number, name in enumerate(parquet.split()):
        pq.write_table(pa.table({"x": [number]}), data / f"{name}.parquet")
    pyarrow.feather.write_feather(table, data / "table.feather", compression="uncompressed")
    with pa.OSFile(str(data / "ipc.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    datasets.Dataset.from_dict({"x": [1, 2]}).save_to_disk(data / "disk")
    PIL.Image.new("RGB", (2, 2)).save(data / "image.png")


def _make_models(data: Path) -> None:
    import lightgbm
    import numpy as np
    import safetensors.torch
    import sentencepiece
    import tokenizers
    import torch
    import transformers

    np.save(data / "array.npy", np.arange(3))
    np.save(data / "mmap.npy", np.arange(5000))
    torch.save({"w": torch.ones(2)}, data / "tensor.pt")
    torch.save({"w": torch.zeros(2)}, data / "mapped.pt")
    for name, value in (("a", 1.0), ("b", 2.0)):
        safetensors.torch.save_file({"w": torch.full((2,), value)}, data / f"{name}.safetensors")
    tokenizers.Tokenizer(tokenizers.models.WordLevel({"猫": 0}, "猫")).save(str(data / "tokenizer.json"))
    for name in ("sp", "sp2"):
        (data / f"{name}.txt").write_text("the cat sat on the mat\nneko ga iru\n" * 20)
    sentencepiece.SentencePieceTrainer.train(
        input=str(data / "sp.txt"), model_prefix=str(data / "sp"), vocab_size=20, minloglevel=9
    )
    trained = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(np.arange(60.0).reshape(30, 2), np.arange(30)), 1)
    trained.save_model(data / "lgb.txt")
    config = transformers.BertConfig(
        vocab_size=10, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    transformers.BertModel(config).save_pretrained(data / "model")
