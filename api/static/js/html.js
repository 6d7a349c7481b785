// One import for everything that draws: markup as tagged templates, components and signals.
import { h } from "preact";
import htm from "htm";

export { Component, createRef, render } from "preact";
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { batch, computed, effect, signal } from "@preact/signals";
export const html = htm.bind(h);

/** Joins class names, leaving out what is falsy. */
export const classes = (...names) => names.filter(Boolean).join(" ");
