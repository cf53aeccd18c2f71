"""Write 10,000 nodes of five layers with some 40,000 edges to a folder; then time a ripple beside checking the same files.

usage: python3 bench/layers.py FOLDER ATTUNE     prints a line "ripple_us check_us" a round, processes from start to end
"""
import random
import subprocess
import sys
import time

SIZES = {"system": 3000, "procedure": 3000, "touchpoint": 2000, "interaction": 1500, "experience": 490}
PROMISES, FILE_BYTES, ROUNDS = 10, 95_000, 11


def documents(rng):
    def names(prefix, layer, n):
        return "[" + ", ".join(prefix + str(rng.randrange(SIZES[layer])) for _ in range(n)) + "]"
    for i in range(SIZES["system"]):
        yield f"kind: system\nname: s{i}\nowner: o{i % 40}\nhours: 24x7\nlimits: {{p99: 20ms, availability: 99.99%, freshness: 1s}}\n"
    for i in range(SIZES["procedure"]):
        yield f"kind: procedure\nname: p{i}\ntakes: 1s\nneeds: {names('s', 'system', 4)}\n"
    for i in range(SIZES["touchpoint"]):
        yield f"kind: touchpoint\nname: t{i}\nchannel: {rng.choice(['app', 'web', 'branch', 'phone'])}\nneeds: {names('p', 'procedure', 4)}\n"
    for i in range(SIZES["interaction"]):
        yield f"kind: interaction\nname: i{i}\nat: {names('t', 'touchpoint', 4)}\nneeds: {names('p', 'procedure', 2)}\npromises: [pr{i % PROMISES}]\n"
    for i in range(PROMISES):
        yield f"kind: promise\nname: pr{i}\nsays: Within {i + 1} minutes.\nwithin: {i + 1}m\nkept: 95%\n"
    for i in range(SIZES["experience"]):
        yield f"kind: experience\nname: e{i}\nfeel: It went well.\nsteps: {names('i', 'interaction', 5)}\n"


def write(folder):
    text, n = "", 0
    for document in documents(random.Random(1)):
        if len(text) + len(document) > FILE_BYTES:
            open(f"{folder}/{n:03}.yaml", "w").write(text)
            text, n = "", n + 1
        text += ("---\n" if text else "") + document
    open(f"{folder}/{n:03}.yaml", "w").write(text)


def took_us(command):
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1e6


folder, attune = sys.argv[1:3]
write(folder)
for _ in range(ROUNDS):
    print(took_us([attune, "layers", "ripple", folder, "--if", "s7.hours=nightly", "--json"]), took_us([attune, "check", folder]))
