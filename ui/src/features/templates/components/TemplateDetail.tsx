import { Accordion, Alert, Button, Group, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconRocket } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { onceKey } from '~/api/client';
import { Problem } from '~/api/problem';
import { LoadError } from '~/design/ListState';
import { useMayUse } from '~/features/connections/roles';
import { SchemaForm } from '~/forms/SchemaForm';
import { useDeploy } from '../mutations';
import { type Deployed, type Template, templateQuery } from '../queries';
import { DeployedView } from './DeployedView';
import { Needs } from './Needs';
import { TemplateFlow } from './TemplateFlow';

interface Props {
  slug: string;
  onDone: () => void;
  /** What follows, in the place of the offer to go on by oneself. */
  onDeployed?: (deployed: Deployed) => void;
}

/** A template as a whole: what it does, what it needs; deployed by one click where nothing is missing. */
export function TemplateDetail({ slug, onDone, onDeployed }: Props) {
  const { data, error, refetch } = useQuery(templateQuery(slug));
  const [deployed, setDeployed] = useState<Deployed | null>(null);
  if (deployed) return <DeployedView deployed={deployed} onDone={onDone} />;
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={240} aria-busy="true" />;
  return <Offer template={data} onDeployed={onDeployed ?? setDeployed} />;
}

function Offer({ template, onDeployed }: { template: Template; onDeployed: (deployed: Deployed) => void }) {
  const { t } = useTranslation('templates');
  const [connections, setConnections] = useState<Record<string, string | null>>({});
  const [inputs, setInputs] = useState<Record<string, unknown>>({});
  const [name, setName] = useState('');
  const once = useRef<[string, ReturnType<typeof onceKey>]>(['', {}]);
  const deploy = useDeploy();
  const mayDeploy = useMayUse();
  const chosen = {
    ...Object.fromEntries(
      template.connections
        .filter((need) => need.connections.length > 1)
        .map((need) => [need.name, need.connections.at(-1)?.id ?? null]),
    ),
    ...connections,
  };
  const overrides = { name: name.trim() || null, inputs, connections: chosen };
  const send = () => {
    const said = JSON.stringify(overrides);
    if (once.current[0] !== said) once.current = [said, onceKey()];
    deploy.mutate({ slug: template.slug, overrides, headers: once.current[1] }, { onSuccess: onDeployed });
  };
  const faults = deploy.error instanceof Problem ? deploy.error.errors : [];
  const findings = faults.map(({ at, message }) => ({
    at: at.replace(/^(?:overrides\.)?inputs\./, ''),
    message,
  }));
  const hasFields = Object.keys((template.inputs_schema.properties ?? {}) as object).length > 0;
  return (
    <Stack gap="lg">
      <Stack gap="xs">
        <Text fz="sm">{template.description}</Text>
        <Text fz="sm" c="dimmed">
          {template.use_case}
        </Text>
      </Stack>
      <Stack gap="xs">
        <Title order={3}>{t('what')}</Title>
        <TemplateFlow template={template} />
      </Stack>
      {template.connections.length > 0 && mayDeploy && (
        <Needs needs={template.connections} chosen={chosen} onChoose={setConnections} />
      )}
      {mayDeploy && (
        <Accordion variant="contained" chevronPosition="left">
          <Accordion.Item value="adjust">
            <Accordion.Control fz="sm">{t('adjust')}</Accordion.Control>
            <Accordion.Panel>
              <Stack gap="sm">
                <TextInput
                  label={t('agentName')}
                  placeholder={template.agents[0]?.name}
                  value={name}
                  onChange={(event) => setName(event.currentTarget.value)}
                />
                {hasFields && (
                  <SchemaForm
                    schema={template.inputs_schema}
                    value={inputs}
                    onChange={setInputs}
                    findings={findings}
                  />
                )}
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
      )}
      {deploy.error && (
        <Alert color="red" variant="light" role="alert">
          {[deploy.error.message, ...faults.map(({ message }) => message)].join(' ')}
        </Alert>
      )}
      <Group pos="sticky" bottom={0} py="sm" bg="var(--mantine-color-body)">
        {mayDeploy ? (
          <Button
            leftSection={<IconRocket size={16} />}
            loading={deploy.isPending}
            onClick={send}
            data-autofocus
          >
            {template.missing.length > 0 ? t('deployOff') : t('deploy')}
          </Button>
        ) : (
          <Text fz="sm" c="dimmed">
            {t('viewer')}
          </Text>
        )}
      </Group>
    </Stack>
  );
}
