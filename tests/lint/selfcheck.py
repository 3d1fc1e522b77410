#!/usr/bin/python3
"""Each lint passes a clean tree and fails one with a single thing wrong."""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
FUNCTION = "int\nroom_size(void)\n{\n%s\treturn 0;\n}\n"
CLEAN = {
    "proxy/base/str.h": "#ifndef BASE_STR_H\n#define BASE_STR_H\n\nint str_len(const char *s);\n\n#endif\n",
    "proxy/base/str.c": '#include "base/str.h"\n\n#include <string.h>\n\n'
    'int\nstr_len(const char *s)\n{\n\treturn (int)strlen(s ? s : "rand(session)");\n}\n',
    "proxy/README.md": "1. `str_len()` measures.\n",
}
BROKEN = (  # lint, what is put into the clean tree
    ("layers", {"proxy/base/a.c": '#include "io/conn.h"\n'}),
    ("layers", {"proxy/route/a.c": '#include "upstream/pool.h"\n'}),
    ("layers", {"lua/a.c": '#include "config/model.h"\n'}),
    ("layers", {"proxy/base/a.c": '#include "str.h"\n'}),
    ("layers", {"proxy/misc/a.c": "\n"}),
    ("doors", {"proxy/base/a.h": "int a_len(size_t n);\n"}),
    ("doors", {"config/a.h": '#include "base/none.h"\n'}),
    ("sizes", {"proxy/base/a.h": "\n" * 81}),
    ("sizes", {"proxy/base/a.c": "\n" * 501}),
    ("sizes", {"proxy/base/a.c": FUNCTION % ("\t;\n" * 80)}),
    ("banned", {"proxy/base/a.c": "int a = atoi(b);\n"}),
    ("banned", {"tests/unit/a.c": "\tstrcpy (a, b);\n"}),
    ("seams", {"proxy/http/a.c": "#include <event2/event.h>\n"}),
    ("seams", {"proxy/io/loop.c": "#include <openssl/ssl.h>\n"}),
    ("seams", {"proxy/base/a.c": "#include <zstd.h>\n"}),
    ("faults", {
        "proxy/base/fault_rows.h": '\tF(none, 200, 0, NOBODY, NEVER, "nothing went wrong")\n',
        "man/weir-internals.7": ".It Cm none\n200; gRPC 0; nobody; safe.\nNothing went wrong.\n.El\n",
    }),
    ("glossary", {"proxy/base/a.c": "int SessionCount;\n"}),
    ("glossary", {"proxy/base/a.c": "int conn_handlers;\n"}),
    ("glossary", {"proxy/base/a.c": "/* The downstream side. */\n"}),
    ("metrics", {
        "proxy/observe/expose.c": '{ROW(GAUGE, "weir_a", "", "A.")},\n',
        "man/weir-metrics.7": ".It Ic weir_a\ngauge; no labels.\nB.\n.El\n",
    }),
    ("verbs", {"proxy/run/cli.h": "#define CLI_VERBS(V) V(run)\n", "man/weir.8": ".It Ic stop\n"}),
    ("verbs", {
        "proxy/run/cli_a.c": 'const struct cli_option a[] = {\n{"to", NULL},\n};\n',
        "man/weir.8": ".It Fl X , Fl -from\n",
    }),
    ("tour", {"proxy/README.md": "1. `str_length()` measures.\n"}),
    ("format", {"proxy/base/a.c": "int  a;\n"}),
)


def passes(lint, changes):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**CLEAN, **changes}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        done = subprocess.run([sys.executable, HERE / f"{lint}.py", folder], capture_output=True)
    # A lint that fell over is neither.
    return None if done.stderr else done.returncode == 0


def main():
    wrong = [f"{lint} fails a clean tree" for lint in sorted({row[0] for row in BROKEN})
             if passes(lint, {}) is not True]  # fmt: skip
    wrong += [f"{lint} passes {changes}" for lint, changes in BROKEN
              if passes(lint, changes) is not False]  # fmt: skip
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
