import { Skeleton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Canvas } from '../canvas/Canvas';
import { TRIGGER } from '../graph/graph';
import { useSampleRun } from '../state/useSampleRun';
import { useView } from '../state/view';
import { ConflictDialog } from './ConflictDialog';
import { useEditor } from './EditorContext';
import { Inspector } from './Inspector';
import { KeysDialog } from './KeysDialog';
import { Outline } from './Outline';
import { PublishDialog } from './PublishDialog';
import { RunBar } from './RunBar';
import { RunDialog } from './RunDialog';
import { InsertDialog, StepPicker } from './StepPicker';
import { TestKey } from './TestKey';
import { type Dialog, TopBar } from './TopBar';
import { useCommands } from './useCommands';
import { useKeyboard } from './useKeyboard';
import { VersionsDialog } from './VersionsDialog';

const JsonTab = lazy(() => import('./JsonTab').then((module) => ({ default: module.JsonTab })));

export function EditorFrame({ run, step }: { run: string | undefined; step: string | undefined }) {
  const { t } = useTranslation('editor');
  const { draft } = useEditor();
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = useCallback(() => setDialog(null), []);
  const face = useView((view) => view.face);
  const commands = useCommands();
  const narrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false });
  const nothing = useView((view) => view.selected.length === 0);
  useKeyboard(setDialog);
  useSampleRun(run);
  useEffect(() => {
    if (step) useView.getState().select([step]);
    else if (draft.getState().definition.actions.length === 0) useView.getState().select([TRIGGER]);
  }, [step, draft]);
  useEffect(() => {
    if (narrow && useView.getState().face === 'canvas') useView.getState().show('outline');
  }, [narrow]);
  return (
    <div className="editor">
      <TopBar show={setDialog} />
      <div className="editor-body">
        {face === 'canvas' && (
          <nav className="editor-palette" aria-label={t('palette')}>
            <StepPicker drag onPick={(wish) => commands.insert(wish, commands.slotHere())} />
          </nav>
        )}
        <section
          className="editor-face"
          aria-label={t(face === 'canvas' ? 'canvas' : face === 'json' ? 'faceJson' : 'outline')}
        >
          {face === 'canvas' && <Canvas />}
          {face === 'outline' && <Outline />}
          {face === 'json' && (
            <Suspense fallback={<Skeleton height="100%" />}>
              <JsonTab />
            </Suspense>
          )}
        </section>
        {!(narrow && nothing) && <Inspector />}
        <RunBar />
      </div>
      <InsertDialog />
      <PublishDialog opened={dialog === 'publish'} close={close} run={() => setDialog('run')} />
      <VersionsDialog opened={dialog === 'versions'} close={close} />
      <RunDialog opened={dialog === 'run'} close={close} publish={() => setDialog('publish')} />
      <KeysDialog opened={dialog === 'keys'} close={close} />
      <ConflictDialog />
      <TestKey />
    </div>
  );
}
