// The size of a drawing in design pixels (those of a 1920 px wall), whatever the screen's own are: text in a chart then
// grows with the text around it.
import { useLayoutEffect, useRef, useState } from "../html.js";

const scale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

/** [ref, {w, h}] of an element; {0, 0} before it has been laid out. */
export function useSize() {
  const ref = useRef(null);
  const [size, setSize] = useState({ w: 0, h: 0 });
  useLayoutEffect(() => {
    const measure = () => {
      const box = ref.current.getBoundingClientRect();
      const w = Math.round(box.width / scale());
      const h = Math.round(box.height / scale());
      setSize((old) => (old.w === w && old.h === h ? old : { w, h }));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(ref.current);
    measure();
    return () => observer.disconnect();
  }, []);
  return [ref, size];
}
