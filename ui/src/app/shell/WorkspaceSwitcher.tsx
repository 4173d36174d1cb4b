import { Avatar, Group, Menu, Text, UnstyledButton } from '@mantine/core';
import { IconBuilding, IconCheck, IconPlus, IconSelector, IconUsers } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { chooseWorkspace } from '~/api/session';
import { MenuItemLink } from '~/design/links';
import { meQuery } from '~/features/accounts/queries';

export function WorkspaceSwitcher() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data } = useQuery(meQuery());
  const choose = (id: string) => {
    chooseWorkspace(id);
    void navigate({ to: '/automations' });
  };
  return (
    <Menu position="bottom-start" width={220}>
      <Menu.Target>
        <UnstyledButton
          p={6}
          style={{ borderRadius: 7, minWidth: 0, flex: 1 }}
          aria-label={`${data?.workspace.name ?? ''} · ${t('shell.workspace')}`}
        >
          <Group gap="xs" wrap="nowrap">
            <Avatar size={26} radius="sm" color="indigo" aria-hidden>
              <IconBuilding size={15} stroke={1.6} />
            </Avatar>
            <Text fz="sm" fw={600} truncate style={{ flex: 1 }}>
              {data?.workspace.name ?? ' '}
            </Text>
            <IconSelector size={15} stroke={1.6} aria-hidden />
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('shell.workspaces')}</Menu.Label>
        {data?.workspaces.map(({ id, name }) => (
          <Menu.Item
            key={id}
            onClick={() => choose(id)}
            rightSection={
              id === data.workspace.id ? <IconCheck size={15} aria-label={t('shell.current')} /> : null
            }
          >
            {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <MenuItemLink to="/settings" search={{ part: 'members' }} leftSection={<IconUsers size={15} />}>
          {t('shell.members')}
        </MenuItemLink>
        <MenuItemLink to="/settings" search={{ part: 'workspace' }} leftSection={<IconPlus size={15} />}>
          {t('shell.newWorkspace')}
        </MenuItemLink>
      </Menu.Dropdown>
    </Menu>
  );
}
