#!/usr/bin/env python3
"""Turns the Berka (PKDD'99) transactions file into the CSVs that `attune decide --evaluate --surface usual` reads.

usage: bench/usual-berka.py TRANSACTIONS.asc FOLDER

Writes FOLDER/transfers.csv (remittances to another account) and FOLDER/cash.csv (cash withdrawals), with the columns
customer, time, value and day (of the month). Bank fees are booked by the bank and are no choice of the customer: left
out. The file knows dates only, so every time is noon. Incomplete lines are skipped and counted.
"""
import csv
import os
import sys

OPERATIONS = {"PREVOD NA UCET": "transfers.csv", "VYBER": "cash.csv"}
FEE = "SLUZBY"


def read(path):
    with open(path, encoding="latin-1", newline="") as file:
        yield from csv.reader(file, delimiter=";")


def convert(source, folder):
    rows = read(source)
    head = next(rows)
    column = {name: i for i, name in enumerate(head)}
    files = {name: open(os.path.join(folder, name), "w", newline="") for name in OPERATIONS.values()}
    writers = {name: csv.writer(file, lineterminator="\n") for name, file in files.items()}
    for writer in writers.values():
        writer.writerow(["customer", "time", "value", "day"])
    written, skipped = dict.fromkeys(writers, 0), 0
    for row in rows:
        if len(row) != len(head):
            skipped += 1
            continue
        name = OPERATIONS.get(row[column["operation"]])
        if name is None or row[column["k_symbol"]] == FEE:
            continue
        date = row[column["date"]].strip()[:6]
        year, month, day = date[:2], date[2:4], date[4:6]
        writers[name].writerow([row[column["account_id"]], f"19{year}-{month}-{day}T12:00:00Z", row[column["amount"]], int(day)])
        written[name] += 1
    for file in files.values():
        file.close()
    for name, n in written.items():
        print(f"{os.path.join(folder, name)}: {n} choices")
    print(f"skipped {skipped} incomplete lines")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    convert(sys.argv[1], sys.argv[2])
