import {
  ActionIcon,
  Anchor,
  Group,
  Indicator,
  Popover,
  ScrollArea,
  Stack,
  Text,
  UnstyledButton,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBell } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { AnchorLink } from '~/design/links';
import { When } from '~/design/When';
import { notificationKeys, notificationsQuery } from '../queries';
import { textOf } from '../telling';

/** The bell: what you were told, live. */
export function Bell() {
  const { t } = useTranslation('notifications');
  const router = useRouter();
  const client = useQueryClient();
  const [open, { toggle, close }] = useDisclosure();
  const { data } = useQuery(notificationsQuery());
  const settled = () => client.invalidateQueries({ queryKey: notificationKeys.all });
  const readAll = useMutation({
    mutationFn: () => answer(api.POST('/api/notifications/read')),
    onSettled: settled,
  });
  const read = useMutation({
    mutationFn: (id: string) =>
      answer(
        api.POST('/api/notifications/{notification_id}/read', { params: { path: { notification_id: id } } }),
      ),
    onSettled: settled,
  });
  const unread = data?.unread_count ?? 0;
  const follow = (id: string, link: string) => {
    read.mutate(id);
    close();
    router.history.push(link);
  };
  return (
    <Popover opened={open} onChange={toggle} position="bottom-end" width={360} shadow="md" trapFocus>
      <Indicator
        disabled={unread === 0}
        label={unread > 99 ? '99+' : unread}
        size={15}
        offset={4}
        color="red"
        fz={10}
      >
        <Popover.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={32}
            onClick={toggle}
            aria-label={unread ? t('unread', { count: unread }) : t('title')}
          >
            <IconBell size={18} stroke={1.6} />
          </ActionIcon>
        </Popover.Target>
      </Indicator>
      <Popover.Dropdown p={0} aria-label={t('title')}>
        <Group justify="space-between" px="md" py="xs" style={{ borderBottom: 'var(--shell-edge)' }}>
          <Text fw={600} fz="sm">
            {t('title')}
          </Text>
          {unread > 0 && (
            <Anchor component="button" type="button" fz="xs" onClick={() => readAll.mutate()}>
              {t('readAll')}
            </Anchor>
          )}
        </Group>
        <ScrollArea.Autosize mah={380}>
          {data?.items.length === 0 && (
            <Text c="dimmed" fz="sm" p="md">
              {t('empty')}
            </Text>
          )}
          {data?.items.map(({ id, title, text, args, link, created_at, read_at }) => (
            <UnstyledButton key={id} w="100%" px="md" py="xs" onClick={() => follow(id, link)}>
              <Stack gap={2}>
                <Text fz="sm" fw={read_at ? 400 : 600}>
                  {title}
                </Text>
                <Text fz="xs" c="dimmed" lineClamp={2}>
                  {textOf({ text, args })}
                </Text>
                <Text fz="xs" c="dimmed">
                  <When at={created_at} />
                </Text>
              </Stack>
            </UnstyledButton>
          ))}
        </ScrollArea.Autosize>
        <Group justify="space-between" px="md" py="xs" style={{ borderTop: 'var(--shell-edge)' }}>
          <AnchorLink to="/alerts" fz="xs" onClick={close}>
            {t('allAlerts')}
          </AnchorLink>
          <AnchorLink to="/settings" search={{ part: 'notifications' }} fz="xs" onClick={close}>
            {t('settings')}
          </AnchorLink>
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}
