"""What looks like a credential is masked before a text is stored; what only has such a name stays."""

from __future__ import annotations

import pytest
from jupyter_utils.machine.masking import MASK, masked

RANDOM = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8"


@pytest.mark.parametrize(
    "text",
    [
        'password = "SECRET"',
        "connect(user='me', passwd='SECRET')",
        'DB_PASSWORD: str = "SECRET"',
        '{"password": "SECRET"}',
        'cfg["パスワード"] = "SECRET"',
        'dbPassword = "SECRET"',
        r'"source": ["password = \"SECRET\"\n"]',
        f'api_key = "SECRET{RANDOM}"',
        f'os.environ["HF_TOKEN"] = "SECRET{RANDOM}"',
        f'apiToken = "SECRET{RANDOM}"',
        f'login(token="SECRET{RANDOM}")',
        f"%env OPENAI_API_KEY=SECRET{RANDOM}",
        "!export DB_PASSWORD=SECRET",
        f'headers = {{"Authorization": "Bearer SECRET{RANDOM}"}}',
        "engine('postgresql://user:SECRET@db/x')",
        "redis://:SECRET@cache",
        "key = '''-----BEGIN OPENSSH PRIVATE KEY-----\nSECRET\nSECRET\n-----END OPENSSH PRIVATE KEY-----'''",
        "-----BEGIN PRIVATE KEY-----\nSECRET cut off",
    ],
)
def test_credentials_are_masked(text: str) -> None:
    """By the name that they are given to, or by where they stand."""
    assert "SECRET" not in masked(text)
    assert MASK in masked(text)


@pytest.mark.parametrize(
    "token",
    [
        *(f"hf_{RANDOM}", f"ghp_{RANDOM}", f"github_pat_{RANDOM}", f"glpat-{RANDOM}", f"sk-ant-{RANDOM}"),
        *("AKIAIOSFODNN7EXAMPLE", f"xoxb-{RANDOM}", f"AIza{RANDOM[:35]}", f"eyJ{RANDOM}.eyJ{RANDOM}.{RANDOM}"),
    ],
)
def test_tokens_of_known_services_are_masked_anywhere(token: str) -> None:
    """Under any name, in a comment, in what a cell printed."""
    assert masked(f"x = {token!r}  # {token}") == f"x = {MASK!r}  # {MASK}"


@pytest.mark.parametrize(
    "text",
    [
        'pad_token = "[PAD]"; eos_token = "</s>"',
        'tokenizer = "cl-tohoku/bert-base-japanese-v3"',
        'special_token = "sentence"',
        "token = get_token()",
        "password = getpass('password: ')",
        'if password == "": raise',
        'token_path = "/home/me/token1.txt"; PASSWORD_FILE="/etc/password"',
        'parser.add_argument("--password", help="the password: ask 1 of us")',
        "f = lambda x:a@b",
        "h = d[a:b]@w",
        'url = "https://example.org/a@b"',
        "tokens = ['a1b2c3d4e5f6']",
    ],
)
def test_code_that_only_speaks_of_them_stays(text: str) -> None:
    """A masked line is one that cannot be run again."""
    assert masked(text) == text
