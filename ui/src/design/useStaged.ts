import { startTransition, useEffect, useState } from 'react';

const FIRST = 20;
const STEP = 20;

/** Of many rows first those in sight, the others bit by bit: no frame waits for all of them. `list` names what they are of. */
export function useStaged<Row>(rows: readonly Row[], list: string | undefined): readonly Row[] {
  const [staged, setStaged] = useState({ list, count: FIRST });
  const count = staged.list === list ? staged.count : FIRST;
  useEffect(() => {
    if (count < rows.length) startTransition(() => setStaged({ list, count: count + STEP }));
  }, [list, count, rows.length]);
  return count < rows.length ? rows.slice(0, count) : rows;
}
