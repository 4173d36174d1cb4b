import { Button, Stack, Switch } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import type { components } from '~/api/schema';
import { DataTable } from '~/design/DataTable';
import { ListState } from '~/design/ListState';
import { done, failed } from '~/design/toast';
import { When } from '~/design/When';
import { settingsKeys, usersQuery } from '../queries';
import type { PartProps } from './props';
import { SearchBox } from './SearchBox';
import { ShownOnce } from './ShownOnce';

type User = components['schemas']['UserRow'];
type Change = { user: User; body: { disabled?: boolean; is_operator?: boolean } };

const route = getRouteApi('/inside/settings');

/** Everybody of the installation, for its operators. */
export function UsersPart({ me }: PartProps) {
  const { t } = useTranslation('settings');
  const { t: tApp } = useTranslation();
  const client = useQueryClient();
  const { search } = route.useSearch();
  const list = useInfiniteQuery(usersQuery(search));
  const [link, setLink] = useState<{ email: string; url: string } | null>(null);
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const change = useMutation({
    mutationFn: ({ user, body }: Change) =>
      answer(api.PATCH('/api/admin/users/{user_id}', { params: { path: { user_id: user.id } }, body })),
    onSuccess: (_user, { user, body }) => {
      void client.invalidateQueries({ queryKey: settingsKeys.users });
      const back = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, !value]));
      done(t('userChanged', { email: user.email }), {
        label: tApp('undo'),
        act: () => change.mutate({ user, body: back }),
      });
    },
    onError: (error) => failed(error),
  });
  const reset = useMutation({
    mutationFn: (user: User) =>
      answer(api.POST('/api/admin/users/{user_id}/reset-link', { params: { path: { user_id: user.id } } })),
    onSuccess: ({ url }, { email }) => setLink({ email, url }),
    onError: (error) => failed(error),
  });
  return (
    <Stack gap="md">
      {link && (
        <ShownOnce
          title={t('resetLink', { email: link.email })}
          value={link.url}
          onClose={() => setLink(null)}
        />
      )}
      <SearchBox label={t('userSearch')} />
      <ListState
        isPending={list.isPending}
        error={list.error}
        onRetry={() => void list.refetch()}
        isEmpty={items.length === 0}
        empty={null}
      >
        <DataTable
          label={t('part.users')}
          rows={items}
          columns={[
            { title: t('email'), cell: ({ email }) => email },
            { title: t('member'), from: 'sm', cell: ({ name }) => name },
            { title: t('joined'), from: 'md', cell: ({ created_at }) => <When at={created_at} /> },
            {
              title: t('mayEnter'),
              cell: (user) => (
                <Switch
                  aria-label={t('mayEnterOf', { email: user.email })}
                  checked={!user.disabled}
                  disabled={user.id === me.user.id}
                  onChange={(event) =>
                    change.mutate({ user, body: { disabled: !event.currentTarget.checked } })
                  }
                />
              ),
            },
            {
              title: t('operator'),
              cell: (user) => (
                <Switch
                  aria-label={t('operatorOf', { email: user.email })}
                  checked={user.is_operator}
                  onChange={(event) =>
                    change.mutate({ user, body: { is_operator: event.currentTarget.checked } })
                  }
                />
              ),
            },
            {
              title: '',
              align: 'right',
              cell: (user) => (
                <Button size="compact-xs" variant="default" onClick={() => reset.mutate(user)}>
                  {t('makeResetLink')}
                </Button>
              ),
            },
          ]}
        />
        {list.hasNextPage && (
          <Button
            variant="default"
            mt="sm"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            {tApp('more')}
          </Button>
        )}
      </ListState>
    </Stack>
  );
}
