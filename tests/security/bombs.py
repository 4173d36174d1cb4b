"""What hostile people put into templates and patterns: each would take all the time or memory of a process."""

LOOPS = "{% for i in range(1000) %}" * 3 + "{% endfor %}" * 3

BOMBS = [
    "{{ 9 ** (9 ** 8) }}", "{{ x ** (x ** 8) }}", "{{ 'A' * 10 ** 9 }}", "{{ 'A' * x ** 12 }}", "{{ [0] * 10 ** 9 }}",
    "{{ '%0999999999d' % 1 }}", "{{ 'a'.ljust(999999999) }}", "{{ ('a' * 100000) | replace('a', 'b' * 100000) }}",
    LOOPS,
    "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(1) }}",
    "{{ '" + "a" * 1000 + "' * 1000 }}", "{{ range(1001) }}", "{{ range(10 ** 12) | list }}",
    "{{ range(0, 10 ** 9, 1) | sum }}", "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "{{ " + "[" * 500 + "]" * 500 + " }}",
    "{{ " + "-" * 5000 + "1 }}", "{{ " + "not " * 3000 + "1 }}", "{% if 1 %}" * 1000 + "{% endif %}" * 1000,
    "{{ 'x' | truncate(10 ** 10, true, 'y' * 10 ** 9) }}", "{{ ('x' * 10 ** 6) | wordcount + 9 ** (9 ** 8) }}",
    "{{ 1 | round(10 ** 9) + 9 ** (9 ** 8) }}",
    "{{ ('[' * 100000) | fromjson }}", "{{ 9.0 ** 9999 }}", "{{ (9 ** 99999) | string }}", "{{ 9 ** 99999 }}",
    "{% set a = 'x' * 99999 %}{% for i in range(999) %}{{ a }}{% endfor %}",
    "{% for i in range(1000) recursive %}{{ loop([i]) }}{% endfor %}",
    "{{ ('a' * 10000000) | indent(width=10 ** 9) }}", "{{ 'a' | center(10 ** 9) }}",
    "{{ [1] | slice(10 ** 9) | list }}",
    "{{ [1] | batch(10 ** 9, 'x') | list }}",
    "{{ 7 ** (7 ** (7 ** 7)) }}", "{{ x * 10 ** (10 ** 8) }}", "{{ ('ab' * 50000) | list | sort | join('x' * 1000) }}",
    "{% for a in range(1000) %}{% for b in range(1000) %}{{ a * b }}{% endfor %}{% endfor %}",
    "{{ ('x' * 100000) | upper | replace('X', 'yy' * 1000) }}",
    "{{ range(1000) | map('string') | join('z' * 10 ** 6) }}",
    "{% macro a() %}{{ b() }}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{{ a() }}{% endmacro %}{{ a() }}",
    "{{ " + "1 + " * 5000 + "1 ** (9 ** (9 ** 8)) }}", "{{ '%s' * 100000 % (1,) }}", "{{ (10 ** (10 ** 8)) | tojson }}",
]  # fmt: skip

# Patterns, with a text on which a backtracking engine takes longer than anybody waits.
PATTERNS = [
    ("^(a|aa)+$", "a" * 40 + "!"), ("(a+)+$", "a" * 40 + "!"), ("([a-zA-Z]+)*$", "a" * 40 + "1"),
    ("(a|a?)+$", "a" * 40 + "!"), ("(.*a){25}$", "a" * 60 + "!"), ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 60),
    ("(x+x+)+y", "x" * 60), ("(\\w+\\s?)*$", "word " * 30 + "!"), ("^(\\d+)*$", "1" * 40 + "x"),
    ("(?:(?:a{1,50}){1,50}){1,50}", "a" * 60), ("(a{0,1000}){0,1000}$", "a" * 1000),
    ("(" * 100 + "a" + ")*" * 100, "a" * 50),
    ("(?=(a+))\\1b", "a" * 60), ("(a)\\1", "aa"), ("a" * 600, "a"), ("\\p{L}" * 80 + "+$", "é" * 100),
]  # fmt: skip
