import {
  ActionIcon,
  Box,
  Combobox,
  Group,
  Popover,
  ScrollArea,
  Text,
  Textarea,
  Tooltip,
  useCombobox,
} from '@mantine/core';
import { IconListTree } from '@tabler/icons-react';
import { type RefObject, useLayoutEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useForm } from '../context';
import { type Begun, begunAt, brief, completed, fitting } from './completion';
import { template } from './drag';
import classes from './Expression.module.css';
import { typeInto } from './insertion';
import { Preview } from './Preview';
import { SampleTree } from './SampleTree';

interface Props {
  id: string;
  value: string;
  onChange: (text: string) => void;
  described: Record<string, unknown>;
  placeholder: string;
  disabled: boolean;
  /** Where somebody was writing when the field became an expression: they go on here. */
  caret: RefObject<number | null>;
}

/** Text with `{{ }}` in it: completes the names of values, and shows what comes of it with the sample. */
export function ExpressionInput({ id, value, onChange, described, placeholder, disabled, caret }: Props) {
  const { t } = useTranslation('forms');
  const { expressions } = useForm();
  const input = useRef<HTMLTextAreaElement>(null);
  const [begun, setBegun] = useState<Begun | null>(null);
  const [picking, setPicking] = useState(false);
  const [visited, setVisited] = useState(false);
  const list = useCombobox({ onDropdownClose: () => list.resetSelectedOption() });
  const offered = begun && expressions ? fitting(expressions.paths, begun.typed) : [];
  const open = list.dropdownOpened && offered.length > 0;

  const look = (element: HTMLTextAreaElement) => {
    const found = begunAt(element.value, element.selectionStart);
    setBegun(found);
    if (found && expressions) {
      list.openDropdown();
      list.updateSelectedOptionIndex('active');
    } else list.closeDropdown();
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it takes the place of the plain field
  useLayoutEffect(() => {
    const element = input.current;
    const at = caret.current;
    caret.current = null;
    if (!element || at === null) return;
    element.focus();
    element.setSelectionRange(at, at);
    look(element);
  }, []);
  const take = (path: string) => {
    const element = input.current;
    if (!element || !begun) return;
    const next = completed(element.value, begun, path);
    // At once: the next key may come before the next frame.
    flushSync(() => {
      onChange(next.text);
      list.closeDropdown();
    });
    element.setSelectionRange(next.caret, next.caret);
  };
  const press = (event: React.KeyboardEvent<HTMLTextAreaElement>) => {
    if ((event.ctrlKey || event.metaKey) && event.key === ' ') {
      event.preventDefault();
      return look(event.currentTarget);
    }
    if (!open) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (event.key === 'ArrowDown') list.selectNextOption();
      else list.selectPreviousOption();
    } else if (event.key === 'Enter' || event.key === 'Tab') {
      const chosen = offered[Math.max(list.getSelectedOptionIndex(), 0)];
      if (!chosen || (event.key === 'Tab' && list.getSelectedOptionIndex() < 0)) return list.closeDropdown();
      event.preventDefault();
      take(chosen.path);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      list.closeDropdown();
    }
  };
  return (
    <Box>
      <Group gap={4} wrap="nowrap" align="flex-start">
        <Combobox store={list} onOptionSubmit={take} width="max-content" position="bottom-start" withinPortal>
          <Combobox.Target withKeyboardNavigation={false}>
            <Textarea
              id={id}
              ref={input}
              {...described}
              error={described['aria-invalid'] === true}
              className={classes.input}
              style={{ flex: 1 }}
              autosize
              minRows={1}
              maxRows={12}
              spellCheck={false}
              disabled={disabled}
              placeholder={placeholder}
              value={value}
              onChange={(event) => {
                onChange(event.currentTarget.value);
                look(event.currentTarget);
              }}
              onFocus={() => setVisited(true)}
              onClick={(event) => list.dropdownOpened && look(event.currentTarget)}
              onBlur={() => list.closeDropdown()}
              onKeyDown={press}
            />
          </Combobox.Target>
          <Combobox.Dropdown hidden={!open} className={classes.dropdown}>
            <Combobox.Options aria-label={t('values')}>
              <ScrollArea.Autosize mah={240} type="auto">
                {offered.map((each, index) => (
                  <Combobox.Option value={each.path} key={each.path} active={index === 0}>
                    <Group justify="space-between" gap="md" wrap="nowrap">
                      <Text ff="monospace" fz="xs">
                        {each.path}
                      </Text>
                      <Text fz="xs" c="dimmed" truncate maw={200}>
                        {each.example === undefined ? each.label : brief(each.example, 40)}
                      </Text>
                    </Group>
                  </Combobox.Option>
                ))}
              </ScrollArea.Autosize>
            </Combobox.Options>
          </Combobox.Dropdown>
        </Combobox>
        {expressions && !disabled && (
          <Popover
            opened={picking}
            onChange={setPicking}
            position="bottom-end"
            shadow="md"
            trapFocus
            withinPortal
          >
            <Popover.Target>
              <Tooltip label={t('pickValue')}>
                <ActionIcon
                  variant="default"
                  size={36}
                  aria-label={t('pickValue')}
                  aria-expanded={picking}
                  onClick={() => setPicking(!picking)}
                >
                  <IconListTree size={15} />
                </ActionIcon>
              </Tooltip>
            </Popover.Target>
            <Popover.Dropdown p={6} maw="min(420px, 92vw)">
              <SampleTree
                sample={expressions.sample}
                onPick={(path) => {
                  setPicking(false);
                  const element = input.current;
                  if (element) requestAnimationFrame(() => typeInto(element, template(path)));
                }}
              />
            </Popover.Dropdown>
          </Popover>
        )}
      </Group>
      {visited && expressions && !open && (
        <Preview source={value} sample={expressions.sample} said={described['aria-invalid'] === true} />
      )}
    </Box>
  );
}
