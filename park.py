"""The command line: `park VERB …`, one verb per process or task; a package is imported only when its verb is called."""

import importlib
import sys

from pipeline.domain.errors import ParkError

VERBS = {
    "demo": ("simulators.demo", "run the whole park on this machine: servers, simulator, collectors, engine, API"),
    "migrate": ("pipeline.store.schema", "bring the database to this program's schema"),
    "apply": ("pipeline.parkfile.apply", "make the database know what a park file describes"),
    "devices": ("pipeline.parkfile.devices", "export or import devices and points as CSV"),
    "calendar": ("pipeline.parkfile.calendar", "import, show and correct the days that are worked"),
    "rules": ("pipeline.parkfile.rules", "list, write out and try alarm rules"),
    "desk": ("pipeline.store.desk_verb", "make the database know how the park's service desk works"),
    "person": ("pipeline.store.person_verb", "say who may sign in, as what, and set passwords"),
    "token": ("pipeline.store.token_verb", "make, list and revoke tokens for programs and wall screens"),
    "secrets": ("collectors.secrets", "make the key files"),
    "credentials": ("collectors.credentials", "tell which company credentials belong to"),
    "badges": ("collectors.badges", "let gates show that a technician is on site"),
    "collect": ("collectors.run", "collect from MQTT into the database"),
    "profile": ("collectors.profile", "show what a mapping profile would store of a payload"),
    "engine": ("pipeline.engine.run", "run the time-driven steps: silence, roll-ups, retention"),
    "notifier": ("pipeline.notifier.run", "send what is in the outbox: webhooks, ntfy, e-mail"),
    "rota": ("pipeline.store.rota_verb", "show who is on duty, and say who comes instead"),
    "api": ("api.run", "serve the API and the screens"),
    "simulate": ("simulators.run", "publish what a simulated park's devices would"),
    "alarm": ("pipeline.store.alarm_verb", "show alarms, and act on them: acknowledge, shelve, plan work, …"),
    "order": ("pipeline.store.order_verb", "show work orders, act on them, codes that prove who is on site"),
    "audit": ("pipeline.evidence.verb:audit", "sign the chains of work orders, and prove that nothing was changed"),
    "evidence": ("pipeline.evidence.verb:evidence", "export what proves one work order, and check it"),
    "codes": ("pipeline.store.codes", "make, print and revoke the QR codes of rooms and machines"),
    "limit": ("collectors.limits", "limit a device that floods, without touching others"),
    "bench": ("simulators.bench.run", "measure how many messages a second this machine stores for good"),
    "evaluate": ("simulators.evaluate.run", "play a scenario fast, and hold its alarms against the truth"),
    "replay": ("collectors.replay", "send dead letters through again, after a fix"),
    "torture": ("simulators.torture.run", "strike the real stack under load, and prove that nothing is lost"),
    "screenshot": ("simulators.screenshot", "photograph the screens for the docs"),
}


def main(argv: list[str] | None = None) -> int:
    """Runs one verb; errors that smartpark raises on purpose become one line and exit code 2."""
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("-h", "--help"):
        print("usage: park VERB …\n")
        for verb, (_, about) in VERBS.items():
            print(f"  {verb:12} {about}")
        print("\n`park VERB --help` tells more; docs/operations.md lists the settings.")
        return 0 if words else 2
    if words[0] not in VERBS:
        print(f"park: there is no verb {words[0]!r}; `park --help` lists them", file=sys.stderr)
        return 2
    try:
        module, _, function = VERBS[words[0]][0].partition(":")
        return int(getattr(importlib.import_module(module), function or "main")(words[1:]))
    except ParkError as error:
        print(f"park {words[0]}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
