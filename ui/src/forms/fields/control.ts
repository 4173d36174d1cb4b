import type { Reading } from '../schema';

/** What every control is given. */
export interface ControlProps<S = Reading['shape']> {
  reading: Reading;
  shape: S;
  value: unknown;
  onChange: (next: unknown) => void;
  at: string;
  /** Of the element that the label belongs to. */
  id: string;
  label: string;
  required: boolean;
  /** To spread on that element. */
  described: {
    'aria-describedby'?: string;
    'aria-invalid'?: true;
    'aria-required'?: true;
  };
  disabled: boolean;
}
