"""Lines of `.env` and what they mean: measured with docker-compose 1.29.2, Compose 2.26.1 and 2.40.3.

A case either has values, and then every reader finds these, or a refusal, and then the versions of Compose differ, or
one of them cannot read it, or `since` says why it is refused all the same. In the environment OUTER is `outer`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

X, Y = "MLFLOW_UI_URL", "JUPYTER_TOKEN"
SECRET = "geheim"
ENVIRONMENT = {"OUTER": "outer", "MLFLOW_OUTER": "outer", "HOME": "/home/taro"}


@dataclass(frozen=True)
class Case:
    """A file; `X` and `Y` at the beginning of its words stand for names of settings."""

    text: str | bytes
    values: dict[str, str] = field(default_factory=dict)
    refused: str = ""
    line: int = 1
    since: str = ""

    @property
    def content(self) -> bytes:
        return self.text if isinstance(self.text, bytes) else self.text.encode()


def good(text: str | bytes, x: str | None = None, y: str | None = None, **more: str) -> Case:
    """Give a case with the values of X and Y, None where the file sets none."""
    found = {name: value for name, value in ((X, x), (Y, y)) if value is not None} | more
    return Case(_named(text), found)


def bad(text: str | bytes, refused: str, line: int = 1, since: str = "") -> Case:
    """Give a case that is refused with these words, for this line (0: the file)."""
    return Case(_named(text), refused=refused, line=line, since=since)


def _named(text: str | bytes) -> str | bytes:
    return text if isinstance(text, bytes) else text.replace("@X", X).replace("@Y", Y)


FORM = [
    good("@X=a\n@Y=b\n", "a", "b"),
    good("@X=a\n@Y=b", "a", "b"),
    good("", None),
    good("#@X=a", None),
    good("\n  \n\t\n@X=a\n\n", "a"),
    good("@X=a\r\n@Y=b\r\n", "a", "b"),
    good("@X=a # c\r\n@Y='b' # c\r\n", "a", "b"),
    good("@X=\r\n@Y=b\r\n", "", "b"),
    good("@X=a\n@Y=b\r", "a", "b"),
    good("\ufeff@X=a\n@Y=b\n", "a", "b"),
    good("\ufeff# c\n@X=a\n", "a"),
    good("\ufeff@X=a\r\n", "a"),
    good("export @X=a\n", "a"),
    good("export\t@X=a\n", "a"),
    good("  export   @X=a\n", "a"),
    good("  @X=a\n\t@Y=b\n", "a", "b"),
    good("\u3000@X=a\n\u3000\n\u00a0@Y=b\n", "a", "b"),
    good("@X = a\n@Y\t=\tb\n", "a", "b"),
    good("@X=a  \n@Y=b\t\n", "a", "b"),
    good("@X=\n@Y=b\n", "", "b"),
    good("@X=   \n@Y=b\n", "", "b"),
    good("@X=\n  @Y=b\n", "", "b"),
    good("@X=a\n@X=b\n", "b"),
    good("@X=a\n@X=\n", ""),
    good("# @X=a\n#@X=b\n   # it's\n@Y=b\n", None, "b"),
    good("@X=a=b==\n@Y==b\n", "a=b==", "=b"),
    good("http_proxy=http://p:1\nHTTP_PROXY=http://p:1\n", HTTP_PROXY="http://p:1", http_proxy="http://p:1"),
    good("http_proxy=\n@X=a\n", "a", http_proxy=""),
    bad("@X=geheim\r@Y=b\r", "a carriage return (CR) stands alone"),
    bad("@Y=b\n@X=geheim\rb\n", "a carriage return (CR) stands alone", 2),
    bad("@X\n@Y=b\n", f"{X} has no =. Write {X}=VALUE"),
    bad("export @X\n", f"{X} has no ="),
    bad("@X: geheim\n@Y=b\n", "this is not NAME=VALUE"),
    bad("@X:geheim\n", "this is not NAME=VALUE"),
    bad("@Y=b\n\nset @X=geheim\n", "this is not NAME=VALUE", 3),
    bad("'@X'=geheim\n", "this is not NAME=VALUE"),
    bad("@X+=geheim\n", "this is not NAME=VALUE"),
    bad("=geheim\n", "this is not NAME=VALUE"),
    bad("@X\u3000=geheim\n", "this is not NAME=VALUE"),
    bad("export\u00a0@X=geheim\n", "this is not NAME=VALUE"),
    bad("@Y=b\n\ufeff@X=geheim\n", "this is not NAME=VALUE", 2),
    bad("@Y=b\n\x1a", "this is not NAME=VALUE", 2),
    bad("mlflow_ui_url=geheim\n", "counts in capitals only. Write MLFLOW_UI_URL.", since="Compose reads no such name"),
    bad("@X=a\nhttps_proxy=geheim\n", "https_proxy counts in capitals only. Write HTTPS_PROXY.", 2, since="the same"),
    bad("HTTP_PROXY=a\nhttp_proxy=geheim\n", "Write HTTP_PROXY.", 2, since="the same"),
]
ENCODINGS = [
    good("@X=日本\n@Y='語'\n", "日本", "語"),
    bad(f"{X}=geheim\n".encode("utf-16"), "is in UTF-16", 0),
    bad(b"\xfe\xff" + f"{X}=geheim\n".encode("utf-16-be"), "is in UTF-16", 0),
    bad(f"{X}=geheim\n".encode("utf-16-le"), "is in UTF-16", 0),
    bad(f"{X}=geheim\0\n".encode(), "holds NUL", 0),
    bad(f"A=b\n# 日本語\n{X}=geheim\n".encode("cp932"), "this is not UTF-8. If it is Shift_JIS (CP932)", 2),
    bad(f"{X}=geheim日本\n".encode("euc-jp"), "this is not UTF-8", 1),
]
UNQUOTED = [
    good("@X=a b  c\td\n", "a b  c\td"),
    good("@X=/a.pem # why\n@Y=b\n", "/a.pem", "b"),
    good("@X=a  #b\n@Y=a \t # b\n", "a", "a"),
    good("@X=a # b\t# c\n", "a"),
    good("@X=a#b\n@Y=http://h/#a #b #c\n", "a#b", "http://h/#a"),
    good("@X=#b\n@Y=#b #c\n", "#b", "#b"),
    good('@X=a"b"\n@Y=it\'s\n', 'a"b"', "it's"),
    good("@X=a\"\n@Y=a 'b # c'\n", 'a"', "a 'b"),
    good("@X=C:\\new\\table\n@Y=a\\\\b\\\n", "C:\\new\\table", "a\\\\b\\"),
    good('@X={"a": 1}\n@Y=a`id`b\n', '{"a": 1}', "a`id`b"),
    good("@X=a!b&c;d|e(f)g<h>i*j?k[l]~m%n^o@p:q/r+s,t\n", "a!b&c;d|e(f)g<h>i*j?k[l]~m%n^o@p:q/r+s,t"),
    good("@X=研究\u3000資料\n", "研究\u3000資料"),
    good("@X=~/a\n", "~/a"),
    bad("@X= # geheim\n", "has a comment where its value should be", since="Compose takes the comment for the value"),
    bad("@X=geheim\t# why\n", "has a tab or an unusual blank beside its value"),
    bad("@X=geheim\u3000# why\n", "has a tab or an unusual blank beside its value"),
    bad("@X=geheim\u3000 # why\n", "has a tab or an unusual blank beside its value", since="nobody sees such blanks"),
    bad("@X=\u3000geheim\n", "has a tab or an unusual blank beside its value"),
    bad("@X=geheim\u00a0\n", "has a tab or an unusual blank beside its value", since="nobody sees such blanks"),
    bad("@X=geheim\x1c\n", "has a tab or an unusual blank beside its value"),
]
QUOTED = [
    good("@X='a b'\n@Y=\"a b\"\r\n", "a b", "a b"),
    good("@X=''\n@Y=\"\"\n", "", ""),
    good("@X=' a # b '\n@Y=\"a # b\"\n", " a # b ", "a # b"),
    good("@X='a' # it's\n@Y=\"a\"#c\n", "a", "a"),
    good("@X=  'a' \n@Y=\"a\"\t# c\n", "a", "a"),
    good("@X=\"it's\"\n@Y='a\"b'\n", "it's", 'a"b'),
    good("@X='a\\'b'\n@Y=\"a\\\"b\"\n", "a'b", 'a"b'),
    good("@X=\"'a'\"\n", "'a'"),
    good("@X='C:\\new'\n@Y=\"C:\\new\\table\"\n", "C:\\new", "C:\new\table"),
    good('@X="\\a\\b\\f\\n\\r\\t\\v"\n@Y="a\\\\b\\qc"\n', "\a\b\f\n\r\t\v", "a\\b\\qc"),
    good('@X="a\\\\"\n@Y=b\n', "a\\", "b"),
    good("@X='\u3000a'\n@Y=\"a\u3000\"\n", "\u3000a", "a\u3000"),
    good("@X='a\nb'\n@Y=\"c # d\n@X=e\n\n\" # f\n", "a\nb", f"c # d\n{X}=e\n\n"),
    bad("@X='geheim\n@Y=b\n", "a quote begins here and never ends"),
    bad('@Y=b\n@X="geheim', "a quote begins here and never ends", 2),
    bad("@X='geheim\\'\n@Y=b\n", "a quote begins here and never ends"),
    bad('@X="geheim" c\n', "has something after its closing quote"),
    bad("@X='geheim'c\n", "has something after its closing quote"),
    bad("@Y=b\n@X='geheim'\"b\"\n", "has something after its closing quote", 2),
    bad('@X="geheim\r\nb"\r\n', "has several lines that end with CRLF"),
    bad('@X="\ngeheim"\n', "begins with an empty line"),
    bad("@X='geheim\\\\b'\n", "has \\\\ in single quotes"),
    bad('@X="geheim\\\'b"\n', "has a \\ before ', $ or 0"),
    bad('@X="geheim\\$5"\n', "has a \\ before ', $ or 0"),
    bad('@X="geheim\\0"\n', "has a \\ before ', $ or 0"),
]
DOLLARS = [
    good("@X=pa$5w$\n@Y=a$ b$.c$(id)\n", "pa$5w$", "a$ b$.c$(id)"),
    good('@X="pa$5w $. $"\n@Y=a$日\n', "pa$5w $. $", "a$日"),
    good("@X='pa$word$$'\n", "pa$word$$"),
    good('@X=a${OUTER}b\n@Y="${@X}\\n${OUTER}"\n', "aouterb", "aouterb\nouter"),
    good("@X=${HOME}/mlflow\n", "/home/taro/mlflow"),
    good("@X=a${NOPE:-d e}b${OUTER:-d}\n@Y=${NOPE:-}\n", "ad ebouter", ""),
    good("@X=${NOPE:-http://h:1/}\n", "http://h:1/"),
    good("A='p$OUTER #b\"'\n@X=${A}c\n", 'p$OUTER #b"c', A='p$OUTER #b"'),
    good("A='C:\\new'\n@X=\"${A}\"\n", "C:\\new", A="C:\\new"),
    good("A=\n@X=a${A}b\n", "ab", A=""),
    good("A=1\nA=2\n@X=${A}\n", "2", A="2"),
    good("OUTER=outer\n@X=${OUTER}\n", "outer", OUTER="outer"),
    bad("@X=geheim$word\n", "has a $ before a letter, _, { or $"),
    bad('@X="geheim$OUTER"\n', "has a $ before a letter"),
    bad("@X=geheim$$\n", "has a $ before a letter"),
    bad("@X=geheim$${OUTER}\n", "has a $ before a letter"),
    bad("@X=geheim${b\n", "has a $ before a letter"),
    bad("@X=geheim${1}\n", "has a $ before a letter"),
    bad("@X=geheim${OUTER-d}\n", "has a $ before a letter"),
    bad("@X=geheim${NOPE:?why}\n", "has a $ before a letter"),
    bad("@X=geheim${OUTER:+d}\n", "has a $ before a letter"),
    bad("@X=geheim${NOPE:-${OUTER}}\n", "has a $ before a letter"),
    bad("@X='geheim${OUTER}'\n", "has ${ in single quotes"),
    bad("@X=geheim${NOPE}\n", "refers to NOPE, which is not set", since="part of a password would be lost"),
    bad("@X=geheim${A}\nA=1\n", "refers to A, which is not set", since="part of a password would be lost"),
    bad("A=\n@X=geheim${A:-d}\n", "refers to A, which is not set", 2),
    bad("OUTER=inner\n@X=geheim${OUTER}\n", "refers to OUTER, which may mean two things", 2),
    bad("A='x\\\\y'\n@X=geheim${A}\n", "refers to A, which may mean two things", 2),
]
FOREIGN = [
    good("SECRET_KEY=a$b\nexport A\n@X=a\n", "a"),
    good("A=\u3000b\nA=c\n@X=${A}\n", "c", A="c"),
    good("A.B=1\nC-D=2\n1E=3\n@X=a\n", "a", **{"A.B": "1", "C-D": "2", "1E": "3"}),
]
CASES = [*FORM, *ENCODINGS, *UNQUOTED, *QUOTED, *DOLLARS, *FOREIGN]
