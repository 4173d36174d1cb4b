"""A schedule in a sentence, in English and French. Pure.

Common shapes are told in words (times of day, weekdays, days of the month, every n minutes); any other cron expression
is quoted, which is never wrong.
"""

from datetime import timedelta

from blocks.schedule import Schedule
from blocks.words import Language

_DAYS = {
    "en": ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "fr": ("dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"),
}
_UNITS = {
    "en": ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")),
    "fr": ((604800, "semaine"), (86400, "jour"), (3600, "heure"), (60, "minute"), (1, "seconde")),
}


def in_words(schedule: Schedule, language: Language = "en") -> str:
    """One sentence without a full stop, such as "every weekday at 09:00 (Europe/Zurich)"."""
    french = language == "fr"
    if schedule.every_s is not None:
        return _every(schedule.every_s, language)
    if schedule.run_at is not None:
        day, time = f"{schedule.run_at:%Y-%m-%d}", f"{schedule.run_at:%H:%M}"
        offset = schedule.run_at.utcoffset() or timedelta()
        zone = f"{schedule.run_at:UTC%z}" if offset else "UTC"
        return f"une fois, le {day} à {time} ({zone})" if french else f"once, on {day} at {time} ({zone})"
    cron = schedule.cron or ""
    found = _cron(cron.split(), language)
    if found is None:
        found = f"selon l'expression cron « {cron} »" if french else f"by the cron expression “{cron}”"
    return f"{found} ({schedule.timezone or 'UTC'})"


def duration(seconds: int, language: Language = "en") -> str:
    """A span of time in the largest unit that divides it: "90 minutes", "1 day"."""
    count, unit = _counted(seconds, language)
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _every(seconds: int, language: Language) -> str:
    return _every_unit(*_counted(seconds, language), language)


def _counted(seconds: int, language: Language) -> tuple[int, str]:
    """How many of the largest unit that divides them."""
    size, unit = next(each for each in _UNITS[language] if each[0] <= max(seconds, 1) and seconds % each[0] == 0)
    return seconds // size, unit


def _every_unit(count: int, unit: str, language: Language) -> str:
    if language == "en":
        return f"every {unit}" if count == 1 else f"every {count} {unit}s"
    every = "toutes les" if unit in ("semaine", "heure", "minute", "seconde") else "tous les"
    return f"{every} {unit}s" if count == 1 else f"{every} {count} {unit}s"


def _cron(fields: list[str], language: Language) -> str | None:
    """The words for a cron expression of a common shape, or None."""
    minute, hour, day, month, weekday = fields
    if [hour, day, month, weekday] == ["*"] * 4:
        return _minutes(minute, language)
    times = _times(minute, hour)
    days = _which_days(day, weekday, language) if month == "*" else None
    if times is None or days is None:
        return None
    if language == "fr":
        return f"{days} à {' et '.join(times)}"
    return f"{days} at {' and '.join(times)}"


def _minutes(minute: str, language: Language) -> str | None:
    unit = "minute"
    if minute == "*":
        return _every_unit(1, unit, language)
    step = minute.removeprefix("*/")
    if step != minute and step.isdecimal() and 60 % int(step) == 0:
        return _every_unit(int(step), unit, language)
    if minute.isdecimal():
        return f"chaque heure à la minute {minute}" if language == "fr" else f"every hour at minute {minute}"
    return None


def _times(minute: str, hour: str) -> list[str] | None:
    hours = hour.split(",")
    if not minute.isdecimal() or not all(part.isdecimal() for part in hours):
        return None
    return [f"{int(part):02}:{int(minute):02}" for part in sorted(hours, key=int)]


def _which_days(day: str, weekday: str, language: Language) -> str | None:
    french = language == "fr"
    if (day, weekday) == ("*", "*"):
        return "chaque jour" if french else "every day"
    if day == "*" and weekday.upper() in ("1-5", "MON-FRI"):
        return "du lundi au vendredi" if french else "every weekday"
    if day == "*" and all(part.isdecimal() for part in weekday.split(",")):
        names = [_DAYS[language][int(part) % 7] for part in weekday.split(",")]
        return f"chaque {' et '.join(names)}" if french else f"every {' and '.join(names)}"
    if weekday == "*" and day.isdecimal():
        return f"le {day} de chaque mois" if french else f"on day {day} of every month"
    return None
