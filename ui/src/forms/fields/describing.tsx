import { InputWrapperContext } from '@mantine/core';
import { type ReactNode, useContext } from 'react';
import type { ControlProps } from './control';

/** What says more of a field, to spread on an input: Mantine's own wrapper, which has no text here, would forget it. */
export function describing(described: ControlProps['described']) {
  const by = described['aria-describedby'];
  if (!by) return described;
  return { ...described, inputContainer: (input: ReactNode) => <Described by={by}>{input}</Described> };
}

function Described({ by, children }: { by: string; children: ReactNode }) {
  const around = useContext(InputWrapperContext);
  return <InputWrapperContext value={{ ...around, describedBy: by }}>{children}</InputWrapperContext>;
}
