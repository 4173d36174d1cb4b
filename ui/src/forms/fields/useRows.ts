import { useState } from 'react';

let made = 0;
const fresh = () => {
  made += 1;
  return made;
};

/** A name for each row of a list, which stays with it when rows are moved or removed. */
export function useRows(count: number) {
  const [ids, setIds] = useState<number[]>(() => Array.from({ length: count }, fresh));
  let now = ids;
  if (ids.length !== count) {
    now =
      ids.length > count
        ? ids.slice(0, count)
        : [...ids, ...Array.from({ length: count - ids.length }, fresh)];
    setIds(now);
  }
  return { ids: now, setIds };
}
