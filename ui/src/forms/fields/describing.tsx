import { InputWrapperContext } from '@mantine/core';
import { type ReactNode, useContext } from 'react';
import type { ControlProps } from './control';

/**
 * What says more of a field, to spread on an input: Mantine's own wrapper, which has no text here, would forget it.
 * The container is there without any text too: where it came and went, the input would be another one and lose the focus.
 */
export function describing(described: ControlProps['described']) {
  const by = described['aria-describedby'];
  return { ...described, inputContainer: (input: ReactNode) => <Described by={by}>{input}</Described> };
}

function Described({ by, children }: { by: unknown; children: ReactNode }) {
  const around = useContext(InputWrapperContext);
  return (
    <InputWrapperContext value={{ ...around, describedBy: typeof by === 'string' ? by : undefined }}>
      {children}
    </InputWrapperContext>
  );
}
