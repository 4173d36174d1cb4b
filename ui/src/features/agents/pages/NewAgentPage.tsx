import { Button, Group, Paper, Stepper } from '@mantine/core';
import { IconBuildingStore } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { onceKey } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import { useSession } from '~/api/session';
import { ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { done, failed } from '~/design/toast';
import { type AgentDraft, BLANK, forgetDraft, keepDraft, keptDraft, STEPS, type Step } from '../draft';
import { useCreateAgent } from '../mutations';
import { ChannelsStep } from '../steps/ChannelsStep';
import { IdentityStep } from '../steps/IdentityStep';
import { ModelStep } from '../steps/ModelStep';
import type { StepProps } from '../steps/props';
import { ReviewStep } from '../steps/ReviewStep';
import { ToolsStep } from '../steps/ToolsStep';

/** Five steps to an agent. What was typed is kept on this device until it is deployed. */
export function NewAgentPage() {
  const { t } = useTranslation('agents');
  const now = useSession();
  const workspace = now.state === 'signed-in' ? now.workspaceId : '';
  const navigate = useNavigate();
  const kept = useMemo(() => keptDraft(workspace), [workspace]);
  const [draft, setDraft] = useState<AgentDraft>(kept ?? BLANK);
  const [picture, setPicture] = useState<File | null>(null);
  const [step, setStep] = useState<Step>('identity');
  const [errors, setErrors] = useState<Record<string, string>>({});
  const once = useRef<[string, ReturnType<typeof onceKey>]>(['', {}]);
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => keepDraft(workspace, draft), [workspace, draft]);
  const create = useCreateAgent((agent) => {
    forgetDraft(workspace);
    done(t('created', { name: agent.name }));
    void navigate({ to: '/agents/$agentId', params: { agentId: agent.id } });
  });
  const at = STEPS.indexOf(step);
  const go = (to: Step) => {
    if (to !== 'identity' && !draft.name.trim()) {
      setErrors({ name: t('nameMissing') });
      setStep('identity');
      return;
    }
    setStep(to);
    requestAnimationFrame(() => body.current?.focus());
  };
  const change = (part: Partial<AgentDraft>) => {
    setDraft((before) => ({ ...before, ...part }));
    setErrors({});
  };
  const deploy = () => {
    const said = JSON.stringify(draft);
    if (once.current[0] !== said) once.current = [said, onceKey()];
    create.mutate(
      { draft, picture, headers: once.current[1] },
      {
        onError: (error) => {
          const found = fieldErrors(error);
          setErrors(found);
          if (Object.keys(found).length === 0) failed(error);
        },
      },
    );
  };
  const startAgain = () => {
    forgetDraft(workspace);
    setDraft(BLANK);
    setPicture(null);
    setErrors({});
    setStep('identity');
  };
  const props: StepProps = { draft, change, errors, picture, onPicture: setPicture };
  return (
    <>
      <PageHeader
        title={t('newTitle')}
        description={kept ? t('draftKept') : t('newText')}
        actions={
          <>
            {JSON.stringify(draft) !== JSON.stringify(BLANK) && (
              <Button variant="subtle" color="gray" onClick={startAgain}>
                {t('startAgain')}
              </Button>
            )}
            <ButtonLink
              to="/admin/marketplace"
              variant="default"
              leftSection={<IconBuildingStore size={16} />}
            >
              {t('fromTemplate')}
            </ButtonLink>
          </>
        }
      />
      <Paper maw={820}>
        <Stepper
          active={at}
          size="xs"
          mb="lg"
          onStepClick={(to) => go(STEPS[to] ?? 'identity')}
          allowNextStepsSelect
        >
          {STEPS.map((each) => (
            <Stepper.Step
              key={each}
              label={t(`steps.${each}`)}
              aria-current={each === step ? 'step' : undefined}
            />
          ))}
        </Stepper>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (step === 'review') deploy();
            else go(STEPS[at + 1] ?? 'review');
          }}
          noValidate
        >
          <div ref={body} tabIndex={-1} style={{ outline: 'none' }}>
            {step === 'identity' && <IdentityStep {...props} />}
            {step === 'model' && <ModelStep {...props} />}
            {step === 'channels' && <ChannelsStep {...props} />}
            {step === 'tools' && <ToolsStep {...props} />}
            {step === 'review' && <ReviewStep draft={draft} picture={picture} errors={errors} onGo={go} />}
          </div>
          <Group justify="space-between" mt="lg">
            <Button
              variant="default"
              style={{ visibility: at === 0 ? 'hidden' : 'visible' }}
              onClick={() => go(STEPS[at - 1] ?? 'identity')}
            >
              {t('back')}
            </Button>
            <Group gap="xs">
              {step !== 'review' && (
                <Button variant="subtle" color="gray" onClick={() => go('review')}>
                  {t('toReview')}
                </Button>
              )}
              <Button type="submit" loading={create.isPending}>
                {step === 'review' ? t('deploy') : t('next')}
              </Button>
            </Group>
          </Group>
        </form>
      </Paper>
    </>
  );
}
