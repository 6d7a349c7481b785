"""Which language a page is shown in: the one asked for, else the one chosen before, else the browser's."""

LANGUAGES = {"zh": "zh-CN", "en": "en"}
DEFAULT = "zh"


def choose(asked: str | None, kept: str | None, accept_language: str) -> str:
    """`zh` or `en`; accept_language is the HTTP header (RFC 9110, 12.5.4), empty where there is none."""
    for wish in (asked, kept):
        if wish in LANGUAGES:
            return str(wish)
    return max(_weights(accept_language), default=(0.0, DEFAULT))[1]


def _weights(header: str) -> list[tuple[float, str]]:
    # Equal weights fall to `zh`, which sorts after `en`.
    found = []
    for part in header.split(","):
        tag, _, parameters = part.strip().partition(";")
        language = tag.split("-")[0].lower()
        try:
            weight = float(parameters.split("q=")[1]) if "q=" in parameters else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and weight > 0:
            found.append((weight, language))
    return found
