import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { placeOf } from '../document/bodies';
import { useSamples } from '../state/samples';
import { contextOf } from '../state/suggestions';
import { useEditor } from './EditorContext';

/** Try out a step of the draft, as it is saved, with the sample. The variable confirms what changes something. */
export function useTrial(id: string) {
  const { t } = useTranslation('editor');
  const { id: automation, saving, draft, actions } = useEditor();
  return useMutation({
    mutationKey: ['editor', 'trial', id],
    mutationFn: async (confirm: boolean) => {
      if (!(await saving.flush()))
        throw new Error(saving.state.getState().problem?.message ?? t('notSavedYet'));
      const definition = draft.getState().definition;
      const samples = useSamples.getState();
      const { item } = contextOf(definition, id, samples, actions) as { item?: unknown };
      const known = Object.entries(samples.outputs).filter(
        ([name]) => name !== id && placeOf(definition, name, actions),
      );
      return answer(
        api.POST('/api/automations/{automation_id}/steps/{step}/test', {
          params: { path: { automation_id: automation, step: id } },
          body: {
            data: (samples.data ?? null) as never,
            headers: samples.headers,
            query: samples.query,
            steps: Object.fromEntries(known) as never,
            item: (item ?? null) as never,
            index: 0,
            confirm,
          },
        }),
      );
    },
    onSuccess: (told) => {
      const gave = told.error === null && (told.sent || told.output !== null);
      useSamples.getState().ofTest(id, told.rendered, gave ? told.output : undefined);
    },
  });
}
