/**
 * Scrolls a row of links that is wider than the screen so that the current one is seen, also after
 * it or the width changes.
 */
export function showCurrent(row: Element): () => void {
  const show = (): void => {
    const current = row.querySelector<HTMLElement>("[aria-current]");
    if (!current) return;
    const { left, right } = current.getBoundingClientRect();
    const box = row.getBoundingClientRect();
    const end = box.right - parseFloat(getComputedStyle(row).paddingRight);
    if (right > end) row.scrollLeft += right - end;
    else if (left < box.left) row.scrollLeft += left - box.left;
  };
  const observer = new MutationObserver(show);
  observer.observe(row, { subtree: true, attributeFilter: ["aria-current"] });
  const resizing = new ResizeObserver(show);
  resizing.observe(row);
  return () => {
    observer.disconnect();
    resizing.disconnect();
  };
}
