"""Each source, carrier and channel by itself, in a small tree: which constructs does the scanner not follow?"""
from __future__ import annotations
import sys, tempfile
from pathlib import Path
from random import Random
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from scanner.pipeline import ScanOptions, diff
from tests.mutation import plants as P
from tests.mutation.measure import _grow, _outcomes, _words
from tests.mutation.templates import templates
from tests.mutation.trees import lay_out, places

def run(tree: Path, calls: int, seed: int) -> None:
    S = {t.name: t for t in templates("sources")}; C = {t.name: t for t in templates("carriers")}; H = {t.name: t for t in templates("channels")}
    s0, c0, h0 = S["global"], C["copy"], H["file-get-contents"]
    combos = [(s, c0, h0) for s in S.values()] + [(s0, c, h0) for c in C.values()] + [(s0, c0, h) for h in H.values()]
    random = Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        base, mutated = lay_out(tree, work / "base"), lay_out(tree, work / "mutated")
        found = places(mutated, random, 400)
        plain = [p for p in found if not p.namespace]
        P.MAX_CALLS = calls
        planted = [P._Assembly(random, found, plain, n, *combo).plant() for n, combo in enumerate(combos)]
        kept, spans = _grow(mutated, planted)
        comparison = diff(str(base), str(mutated), ScanOptions(cache=Path("/tmp/flow-cache"), jobs=1))
        outcomes = list(_outcomes(kept, spans, comparison))
    missed = [o for o in outcomes if not o.found]
    print(f"calls<={calls} seed {seed}: {1 - len(missed) / len(outcomes):.3f} located {sum(o.located for o in outcomes)/len(outcomes):.3f}")
    for o in missed:
        p = o.plant
        print(f"--- {p.source} / {p.carrier} / {p.channel} calls={p.calls} files={p.files} site={p.site} {sorted(p.labels)}")
        if "-v" in sys.argv: print(p.text)
        for n in o.nearest: print("      ", n)

args = [a for a in sys.argv[1:] if a != "-v"]
run(Path(args[0]), int(args[1]), int(args[2]))
