import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import {
  IconAlertTriangle,
  IconBolt,
  IconKeyboard,
  IconPlus,
  IconRobot,
  IconSearch,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { agentsQuery } from '~/features/agents/queries';
import { automationsFoundQuery } from '~/features/automations/queries';
import { useMayConnect, useMayUse } from '~/features/connections/roles';
import { PAGES } from './pages';

const PAUSE_MS = 150;

/** The command palette (Ctrl or Cmd + K): pages, things to make, agents and automations by name. */
export function Palette({ onKeys }: { onKeys: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [query, setQuery] = useState('');
  const [search] = useDebouncedValue(query.trim(), PAUSE_MS);
  const agents = useQuery({ ...agentsQuery(search), enabled: search !== '' });
  const automations = useQuery({ ...automationsFoundQuery(search), enabled: search !== '' });
  const mayCreate = useMayUse();
  const mayConnect = useMayConnect();
  const size = 18;
  const pages: SpotlightActionData[] = PAGES.map(({ name, to, icon: Icon }) => ({
    id: name,
    label: t(`pages.${name}`),
    leftSection: <Icon size={size} stroke={1.6} />,
    onClick: () => void navigate({ to }),
  }));
  const others: SpotlightActionData[] = [
    {
      id: 'alerts',
      label: t('pages.alerts'),
      leftSection: <IconAlertTriangle size={size} stroke={1.6} />,
      onClick: () => void navigate({ to: '/alerts' }),
    },
    {
      id: 'keys',
      label: t('shell.keys'),
      leftSection: <IconKeyboard size={size} stroke={1.6} />,
      onClick: onKeys,
    },
  ];
  const agent: SpotlightActionData = {
    id: 'new-agent',
    label: t('shell.createAgent'),
    leftSection: <IconPlus size={size} />,
    onClick: () => void navigate({ to: '/admin/agents/new' }),
  };
  const connection: SpotlightActionData = {
    id: 'new-connection',
    label: t('shell.createConnection'),
    leftSection: <IconPlus size={size} />,
    onClick: () => void navigate({ to: '/connections/new' }),
  };
  const automation: SpotlightActionData = {
    id: 'new-automation',
    label: t('shell.createAutomation'),
    leftSection: <IconPlus size={size} />,
    onClick: () => void navigate({ to: '/automations/new' }),
  };
  const makers = [...(mayCreate ? [agent, automation] : []), ...(mayConnect ? [connection] : [])];
  const found: SpotlightActionData[] = [
    ...(agents.data?.items ?? []).map(({ id, name, description }) => ({
      id,
      label: name,
      description,
      leftSection: <IconRobot size={size} stroke={1.6} />,
      onClick: () => void navigate({ to: '/agents/$agentId', params: { agentId: id } }),
    })),
    ...(automations.data?.items ?? []).map(({ id, name, description }) => ({
      id,
      label: name,
      description: description ?? undefined,
      leftSection: <IconBolt size={size} stroke={1.6} />,
      onClick: () => void navigate({ to: '/automations/$automationId', params: { automationId: id } }),
    })),
  ];
  return (
    <Spotlight
      shortcut={['mod + K']}
      query={query}
      onQueryChange={setQuery}
      actions={[
        { group: t('shell.found'), actions: found },
        { group: t('shell.make'), actions: makers },
        { group: t('shell.goTo'), actions: [...pages, ...others] },
      ].filter(({ actions }) => actions.length > 0)}
      nothingFound={t('shell.nothing')}
      scrollable
      attributes={{ content: { 'aria-label': t('shell.search') } }}
      maxHeight={420}
      searchProps={{
        leftSection: <IconSearch size={18} stroke={1.6} />,
        placeholder: t('shell.search'),
        'aria-label': t('shell.search'),
      }}
    />
  );
}
