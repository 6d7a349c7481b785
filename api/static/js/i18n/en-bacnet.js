// BACnet's access events and door states (ANSI/ASHRAE 135, clause 21) in plain English.
const access = {
  none: "none", granted: "granted", muster: "mustered", "passback-detected": "passback seen", duress: "duress",
  trace: "trace", "lockout-max-attempts": "locked, too many tries", "lockout-other": "locked out", "lockout-relinquished": "lock-out ended",
  "locked-by-higher-authority": "locked from above", "out-of-service": "out of service", "out-of-service-relinquished": "in service again",
  "accompaniment-by": "accompanied", "authentication-factor-read": "credential read", "authorization-delayed": "authorisation delayed",
  "verification-required": "verification required", "no-entry-after-granted": "granted, did not enter",
  "denied-deny-all": "all denied", "denied-unknown-credential": "unknown credential",
  "denied-authentication-unavailable": "cannot authenticate", "denied-authentication-factor-timeout": "authentication timed out",
  "denied-incorrect-authentication-factor": "wrong credential", "denied-zone-no-access-rights": "no right to this zone",
  "denied-point-no-access-rights": "no right to this door", "denied-no-access-rights": "no access rights",
  "denied-out-of-time-range": "outside permitted hours", "denied-threat-level": "threat level", "denied-passback": "already inside",
  "denied-unexpected-location-usage": "used in an unexpected place", "denied-max-attempts": "too many tries",
  "denied-lower-occupancy-limit": "too few inside", "denied-upper-occupancy-limit": "full",
  "denied-authentication-factor-lost": "credential lost", "denied-authentication-factor-stolen": "credential stolen",
  "denied-authentication-factor-damaged": "credential damaged", "denied-authentication-factor-destroyed": "credential destroyed",
  "denied-authentication-factor-disabled": "credential disabled", "denied-authentication-factor-error": "credential unreadable",
  "denied-credential-unassigned": "credential unassigned", "denied-credential-not-provisioned": "credential not set up",
  "denied-credential-not-yet-active": "credential not yet valid", "denied-credential-expired": "credential expired",
  "denied-credential-manual-disable": "disabled by hand", "denied-credential-lockout": "credential locked",
  "denied-credential-max-days": "days used up", "denied-credential-max-uses": "uses used up",
  "denied-credential-inactivity": "unused too long", "denied-credential-disabled": "credential disabled",
  "denied-no-accompaniment": "not accompanied", "denied-incorrect-accompaniment": "wrong companion", "denied-lockout": "door locked out",
  "denied-verification-failed": "verification failed", "denied-verification-timeout": "verification timed out", "denied-other": "other reason",
};
const door = {
  normal: "normal", alarm: "alarm", "door-open-too-long": "open too long", "forced-open": "forced open", tamper: "tampered with",
  "door-fault": "door fault", "lock-down": "lock-down", "free-access": "free access", "egress-open": "open for egress",
};
const prefixed = (prefix, words) => Object.fromEntries(Object.entries(words).map(([k, v]) => [`${prefix}.${k}`, v]));

export const bacnet = { ...prefixed("access", access), ...prefixed("door", door) };
