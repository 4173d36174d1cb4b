import { Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Frame.module.css';

interface Props {
  id: string;
  label: string;
  value: unknown;
  onChange: (next: unknown) => void;
  disabled?: boolean;
  described?: Record<string, unknown>;
}

const written = (value: unknown) => (value === undefined ? '' : JSON.stringify(value, null, 2));

/** A value as JSON text. What is no JSON yet stays in the field, and the value as it was. */
export function JsonText({ id, label, value, onChange, disabled, described }: Props) {
  const { t } = useTranslation('forms');
  const [text, setText] = useState(() => written(value));
  const [seen, setSeen] = useState(value);
  const [wrong, setWrong] = useState<string | null>(null);
  if (value !== seen) {
    setSeen(value);
    setText(written(value));
    setWrong(null);
  }
  const type = (next: string) => {
    setText(next);
    if (next.trim() === '') {
      setWrong(null);
      setSeen(undefined);
      return onChange(undefined);
    }
    try {
      const parsed: unknown = JSON.parse(next);
      setWrong(null);
      setSeen(parsed);
      onChange(parsed);
    } catch (error) {
      setWrong(error instanceof Error ? error.message : '');
    }
  };
  return (
    <Textarea
      id={id}
      aria-label={label}
      {...described}
      className={classes.code}
      autosize
      minRows={3}
      maxRows={20}
      spellCheck={false}
      disabled={disabled}
      value={text}
      error={wrong === null ? undefined : t('noJson', { why: wrong })}
      onChange={(event) => type(event.currentTarget.value)}
      onBlur={() => {
        if (wrong === null) setText(written(value));
      }}
    />
  );
}
