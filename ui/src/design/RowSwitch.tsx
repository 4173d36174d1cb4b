import { Switch } from '@mantine/core';

const { input, track, thumb } = Switch.classes;

interface Props {
  label: string;
  checked: boolean;
  disabled: boolean;
  onChange: (checked: boolean) => void;
}

/** Mantine's switch without what a row of a long list needs not: five elements in place of nine, and no hooks. */
export function RowSwitch({ label, checked, disabled, onChange }: Props) {
  return (
    <label className="row-switch">
      <input
        type="checkbox"
        role="switch"
        aria-checked={checked}
        className={input}
        aria-label={label}
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span className={track} data-without-labels aria-hidden>
        <span className={thumb} data-reduce-motion data-with-thumb-indicator />
      </span>
    </label>
  );
}
