import { NavLink, ScrollArea } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { Link, useLocation } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ButtonLink } from '~/design/links';
import { useMayUse } from '~/features/connections/roles';
import { PAGES } from './pages';

/** The entry that leads to `path`: the longest that it begins with. */
export function activePage(path: string): string | undefined {
  const found = PAGES.filter(({ to }) => path === to || path.startsWith(`${to}/`));
  return found.sort((a, b) => b.to.length - a.to.length)[0]?.name;
}

export function Sidebar() {
  const { t } = useTranslation();
  const mayCreate = useMayUse();
  const active = activePage(useLocation({ select: (location) => location.pathname }));
  return (
    <>
      {mayCreate && (
        <ButtonLink to="/admin/agents/new" leftSection={<IconPlus size={16} />} mb="sm" fullWidth>
          {t('shell.createAgent')}
        </ButtonLink>
      )}
      <ScrollArea style={{ flex: 1 }}>
        {PAGES.map(({ name, to, icon: Icon }) => (
          <NavLink
            key={name}
            component={Link}
            to={to}
            activeOptions={{ exact: true }}
            label={t(`pages.${name}`)}
            leftSection={<Icon size={17} stroke={1.6} aria-hidden />}
            active={active === name}
            aria-current={active === name ? 'page' : undefined}
            color="gray"
            variant="light"
            fw={active === name ? 600 : 450}
            py={7}
            px="sm"
            mb={2}
            style={{ borderRadius: 7 }}
          />
        ))}
      </ScrollArea>
    </>
  );
}
