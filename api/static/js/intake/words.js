// What is told of the intake, in words: conditions for the wall and the page alike, reasons, who sent.
import { parkNow } from "../clock.js";
import { number } from "../format.js";
import { stamp } from "../time.js";
import { name, t, word } from "../i18n/index.js";

/** Why a message could not be read; the code itself where there is no word for it. */
export const reasonText = (reason) => word(`reject.${reason}`, reason);

/** A sender's name, its id, or that its topic does not tell. */
export const senderText = (sender) => name(sender?.name, sender?.device_id || t("intake.nobody"));

/** One condition as a sentence. */
export function conditionText(condition) {
  const { kind, devices, firmware, family, lane, reason, named = [], messages, per_minute: rate, started } = condition;
  const values = {
    n: number(devices), firmware, lane, reason: reasonText(reason), at: stamp(started, parkNow()),
    device: senderText(named[0]), count: number(messages), rate: number(rate),
    family: word(`family.${family}`, family ?? t("intake.devices")),
  };
  if (kind === "flood") return t("condition.flood", values);
  if (kind === "conflicts") return t("condition.conflicts", values);
  if (devices === 0) return t("condition.rejects.unknown", values);
  if (devices === 1) return t("condition.rejects.device", values);
  return t(firmware ? "condition.rejects.firmware" : "condition.rejects.family", values);
}
