"""Trains Phonetisaurus (the PyPI package phonetisaurus) and prints its answers.

    python phonetisaurus.py LEXICON < WORDS      LEXICON has lines of word, tab, phonemes

It prints a line for each word that it answers: word, tab, phonemes.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    lexicon = Path(folder, "lexicon.txt")
    lexicon.write_text(Path(sys.argv[1]).read_text().replace("\t", " "))
    tool = [sys.executable, "-m", "phonetisaurus"]
    model = ["--model", str(Path(folder, "model.fst"))]
    subprocess.run([*tool, "train", *model, str(lexicon)], check=True, stdout=sys.stderr)
    answers = subprocess.run(
        [*tool, "predict", *model], check=True, stdin=sys.stdin, stdout=subprocess.PIPE, text=True
    ).stdout
    for line in answers.splitlines():
        word, _, phonemes = line.partition(" ")
        print(word, phonemes, sep="\t")
