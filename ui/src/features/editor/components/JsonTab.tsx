import { json } from '@codemirror/lang-json';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorView } from '@codemirror/view';
import { Alert, useComputedColorScheme } from '@mantine/core';
import CodeMirror, { type ReactCodeMirrorRef } from '@uiw/react-codemirror';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { spanOf } from '../json/place';
import { read, textOf, type Wrong } from '../json/reading';
import { useFindingsStore } from '../state/findings';
import { useDefinition, useEditor } from './EditorContext';
import { useCommands } from './useCommands';

const EXTENSIONS = [json(), lintGutter(), EditorView.lineWrapping];

/** The definition as text, with the same findings. What can't be read as one yet is not taken. */
export function JsonTab() {
  const { t } = useTranslation('editor');
  const { draft, actions } = useEditor();
  const commands = useCommands();
  const scheme = useComputedColorScheme('light');
  const definition = useDefinition((whole) => whole);
  const findings = useFindingsStore((state) => state.all);
  const [text, setText] = useState(() => textOf(definition));
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const extensions = useMemo(
    () => [...EXTENSIONS, EditorView.contentAttributes.of({ 'aria-label': t('faceJson') })],
    [t],
  );
  const own = useRef(definition);
  const mirror = useRef<ReactCodeMirrorRef>(null);

  useEffect(() => {
    if (own.current === definition) return;
    own.current = definition;
    setText(textOf(definition));
    setWrong(null);
  }, [definition]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the places of the findings change with the text
  useEffect(() => {
    const view = mirror.current?.view;
    if (!view) return;
    const marks: Diagnostic[] = findings.map(({ at, message, severity }) => ({
      ...spanOf(view.state, at),
      message,
      severity,
    }));
    view.dispatch(setDiagnostics(view.state, marks));
  }, [findings, text]);

  return (
    <div className="json-tab">
      {wrong && (
        <Alert color="red" variant="light" p="xs" m="xs" role="alert">
          {t(`wrongJson.${wrong}`)}
        </Alert>
      )}
      <CodeMirror
        ref={mirror}
        value={text}
        theme={scheme}
        height="100%"
        className="json-editor"
        extensions={extensions}
        onCreateEditor={(view) => {
          view.scrollDOM.tabIndex = 0; // what scrolls is reached by the keyboard
        }}
        onChange={(next) => {
          if (next === text) return;
          setText(next);
          const found = read(next, draft.getState().definition, actions);
          if (typeof found === 'string') return setWrong(found);
          setWrong(null);
          own.current = found;
          commands.replace(found, 'json');
        }}
      />
    </div>
  );
}
