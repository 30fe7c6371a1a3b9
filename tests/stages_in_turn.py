"""Several stages, one after the other, in the same processes: that each imports everything takes longest.

Arguments: a JSON file with a list of working folder and words, the first of which names the stage's module.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    for folder, (module, *words) in json.loads(Path(sys.argv[1]).read_text()):
        os.chdir(folder)
        if os.environ["RANK"] == "0":
            sys.stderr.write(f"\nfolder {folder}\n")  # the other process may be in the middle of a line
        importlib.import_module(module).main(words, standalone_mode=False)
