import { useEffect, useRef } from 'react';

/** What was just added to a list takes the focus: `ref` on what holds the rows (`data-row`), `adding` when one is added. */
export function useAddedFocus(count: number) {
  const ref = useRef<HTMLDivElement>(null);
  const awaited = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: when there is one more
  useEffect(() => {
    if (!awaited.current) return;
    awaited.current = false;
    const rows = ref.current?.querySelectorAll<HTMLElement>(':scope > [data-row]');
    rows
      ?.item(rows.length - 1)
      ?.querySelector<HTMLElement>('input, textarea')
      ?.focus();
  }, [count]);
  return {
    ref,
    adding: () => {
      awaited.current = true;
    },
  };
}
