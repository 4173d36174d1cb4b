import {
  ActionIcon,
  Button,
  CloseButton,
  Group,
  Paper,
  Stack,
  Text,
  Textarea,
  UnstyledButton,
} from '@mantine/core';
import { IconArrowUp, IconPaperclip } from '@tabler/icons-react';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { completed, fitting, type Handle, mentionAt } from './mention';

const MOST_FILES = 10;

interface Props {
  /** Under which what is typed is kept until it is sent. */
  keptAs: string;
  placeholder: string;
  handles: Handle[];
  onSend: (text: string, files: File[]) => void;
}

/** Where a message is written: Enter sends, Shift+Enter is a new line, @ completes names. */
export function Composer({ keptAs, placeholder, handles, onSend }: Props) {
  const { t } = useTranslation('channels');
  const key = `vutler.message.${keptAs}`;
  const [text, setText] = useState(() => sessionStorage.getItem(key) ?? '');
  const [caret, setCaret] = useState(0);
  const [files, setFiles] = useState<File[]>([]);
  const [at, setAt] = useState(0);
  const [closed, setClosed] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const list = useId();
  useEffect(() => {
    if (text) sessionStorage.setItem(key, text);
    else sessionStorage.removeItem(key);
  }, [key, text]);
  const begun = closed ? null : mentionAt(text, caret);
  const offered = begun ? fitting(handles, begun.word) : [];
  const chosen = offered[Math.min(at, offered.length - 1)];

  const send = () => {
    if (!text.trim()) return;
    onSend(text.trim(), files);
    setText('');
    setFiles([]);
  };
  const complete = (handle: Handle) => {
    const next = completed(text, caret, handle.handle);
    // At once: the next key may come before the next frame.
    flushSync(() => {
      setText(next.text);
      setCaret(next.caret);
      setAt(0);
    });
    area.current?.focus();
    area.current?.setSelectionRange(next.caret, next.caret);
  };
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (chosen) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) setAt((at + step + offered.length) % offered.length);
      else if (event.key === 'Enter' || event.key === 'Tab') complete(chosen);
      else if (event.key === 'Escape') setClosed(true);
      else return;
      event.preventDefault();
      return;
    }
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    send();
  };
  return (
    <Stack gap={6} pos="relative" pt="xs">
      {chosen && (
        <Paper
          withBorder
          shadow="md"
          p={4}
          pos="absolute"
          bottom="100%"
          left={0}
          miw={220}
          style={{ zIndex: 5 }}
        >
          <Stack gap={0} role="listbox" id={list} aria-label={t('mention')}>
            {offered.map((each) => (
              <UnstyledButton
                key={each.id}
                id={`${list}-${each.id}`}
                role="option"
                aria-selected={each === chosen}
                tabIndex={-1}
                px={8}
                py={5}
                bg={each === chosen ? 'var(--mantine-color-default-hover)' : undefined}
                style={{ borderRadius: 5 }}
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => complete(each)}
              >
                <Text fz="sm" span fw={500}>
                  {each.name}
                </Text>{' '}
                <Text fz="xs" span c="dimmed">
                  @{each.handle}
                </Text>
              </UnstyledButton>
            ))}
          </Stack>
        </Paper>
      )}
      {files.length > 0 && (
        <Group gap={6}>
          {files.map((file) => (
            <Group
              key={`${file.name}-${file.size}`}
              gap={2}
              px={6}
              bd="var(--shell-edge)"
              style={{ borderRadius: 7 }}
            >
              <Text fz="xs">{file.name}</Text>
              <CloseButton
                size="xs"
                aria-label={t('without', { name: file.name })}
                onClick={() => setFiles(files.filter((each) => each !== file))}
              />
            </Group>
          ))}
        </Group>
      )}
      <Group gap={6} align="flex-end" wrap="nowrap">
        <ActionIcon
          variant="default"
          size={34}
          aria-label={t('attach')}
          onClick={() => picker.current?.click()}
        >
          <IconPaperclip size={16} />
        </ActionIcon>
        <Textarea
          ref={area}
          aria-label={placeholder}
          placeholder={placeholder}
          aria-autocomplete="list"
          aria-controls={chosen ? list : undefined}
          aria-activedescendant={chosen ? `${list}-${chosen.id}` : undefined}
          autosize
          minRows={1}
          maxRows={8}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setCaret(event.currentTarget.selectionStart);
            setClosed(false);
            setAt(0);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={press}
          style={{ flex: 1 }}
        />
        <Button px="sm" aria-label={t('send')} disabled={!text.trim()} onClick={send}>
          <IconArrowUp size={16} />
        </Button>
      </Group>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-hidden
        onChange={(event) => {
          setFiles([...files, ...(event.currentTarget.files ?? [])].slice(0, MOST_FILES));
          event.currentTarget.value = '';
        }}
      />
    </Stack>
  );
}
