"""Builds the wheel of this package with the standard library alone, so that it installs offline."""

import base64
import hashlib
import io
import json
import pathlib
import tarfile
import zipfile

HERE = pathlib.Path(__file__).parent
NAME = "cmlapi"


def version():
    """The version of the specification, as PEP 440 writes it: 26.06.13 is 26.6.13."""
    text = (HERE / NAME / "swagger.json").read_text(encoding="utf-8")
    return ".".join(str(int(part)) for part in json.loads(text)["info"]["version"].split("."))


def metadata():
    return (
        "Metadata-Version: 2.1\n"
        f"Name: {NAME}\n"
        f"Version: {version()}\n"
        "Summary: Client of API v2, made from the specification that the workbench serves\n"
        "Requires-Python: >=3.8\n"
    )


def files():
    return sorted(path for path in (HERE / NAME).rglob("*") if path.suffix in (".py", ".json"))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    stem = f"{NAME}-{version()}"
    contents = [(str(path.relative_to(HERE).as_posix()), path.read_bytes()) for path in files()]
    wheel = f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    contents.append((f"{stem}.dist-info/METADATA", metadata().encode()))
    contents.append((f"{stem}.dist-info/WHEEL", wheel.encode()))
    record = "".join(f"{name},{digest(data)},{len(data)}\n" for name, data in contents)
    record_name = f"{stem}.dist-info/RECORD"
    contents.append((record_name, f"{record}{record_name},,\n".encode()))
    result = f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / result, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents:
            archive.writestr(name, data)
    return result


def digest(data):
    text = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={text.decode()}"


def build_sdist(sdist_directory, config_settings=None):
    stem = f"{NAME}-{version()}"
    result = f"{stem}.tar.gz"
    with tarfile.open(pathlib.Path(sdist_directory) / result, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for path in [HERE / "pyproject.toml", HERE / "build_backend.py", *files()]:
            archive.add(path, f"{stem}/{path.relative_to(HERE).as_posix()}")
        data = metadata().encode()
        entry = tarfile.TarInfo(f"{stem}/PKG-INFO")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return result
