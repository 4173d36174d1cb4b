import { Button, Group, Select, Stack, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, onceKey } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import type { components } from '~/api/schema';
import { DataTable } from '~/design/DataTable';
import { ListState } from '~/design/ListState';
import { done, failed } from '~/design/toast';
import { When } from '~/design/When';
import { accountKeys, workspaceMembersQuery } from '~/features/accounts/queries';
import { invitationsQuery, settingsKeys } from '../queries';
import { Confirm } from './Confirm';
import { isAdmin, type PartProps, ROLES } from './props';
import { ShownOnce } from './ShownOnce';

type Member = components['schemas']['api__workspaces__MemberView'];
type Role = Member['role'];
type Made = components['schemas']['MadeInvitationView'];

/** Who works here with which role, and who was invited. */
export function MembersPart({ me }: PartProps) {
  const { t } = useTranslation('settings');
  const { data, isPending, error, refetch } = useQuery(workspaceMembersQuery(me.workspace.id));
  const { change, remove } = useMembership(me);
  const [made, setMade] = useState<Made | null>(null);
  const items = data?.items ?? [];
  const admin = isAdmin(me);
  return (
    <Stack gap="xl">
      {made && (
        <ShownOnce
          title={t('invited', { email: made.email })}
          value={made.link}
          onClose={() => setMade(null)}
        />
      )}
      {admin && <Invite me={me} onMade={setMade} />}
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={items.length === 0}
        empty={null}
      >
        <DataTable
          label={t('part.members')}
          rows={items.map((each) => ({ ...each, id: each.user_id }))}
          columns={[
            { title: t('member'), cell: ({ name, email }) => name || email },
            { title: t('email'), from: 'sm', cell: ({ email }) => email },
            {
              title: t('role'),
              cell: (member) => (
                <Select
                  aria-label={t('roleOf', { name: member.name })}
                  size="xs"
                  w={130}
                  disabled={!admin}
                  data={ROLES.map((value) => ({ value, label: t(`roles.${value}`) }))}
                  value={
                    change.isPending && change.variables.member.user_id === member.user_id
                      ? change.variables.role
                      : member.role
                  }
                  onChange={(value) => {
                    const role = ROLES.find((each) => each === value);
                    if (role && role !== member.role) change.mutate({ member, role });
                  }}
                  allowDeselect={false}
                />
              ),
            },
            { title: t('joined'), from: 'md', cell: ({ joined_at }) => <When at={joined_at} /> },
            {
              title: '',
              align: 'right',
              cell: (member) => {
                const self = member.user_id === me.user.id;
                if (!admin && !self) return null;
                return (
                  <Confirm
                    label={self ? t('leave') : t('remove')}
                    title={self ? t('leaveTitle') : t('removeTitle', { name: member.name })}
                    text={t('removeText')}
                    isPending={remove.isPending}
                    onConfirm={() => remove.mutate(member)}
                  />
                );
              },
            },
          ]}
        />
      </ListState>
      {admin && <Invitations me={me} />}
    </Stack>
  );
}

function useMembership(me: PartProps['me']) {
  const { t } = useTranslation('settings');
  const { t: tApp } = useTranslation();
  const client = useQueryClient();
  const readAgain = () => client.invalidateQueries({ queryKey: accountKeys.all });
  const at = ({ user_id }: Member) => ({ params: { path: { workspace_id: me.workspace.id, user_id } } });
  const change = useMutation({
    mutationFn: ({ member, role }: { member: Member; role: Role }) =>
      answer(
        api.PATCH('/api/workspaces/{workspace_id}/members/{user_id}', { ...at(member), body: { role } }),
      ),
    onSuccess: (_done, { member, role }) => {
      void readAgain();
      done(t('roleChanged', { name: member.name, role: t(`roles.${role}`) }), {
        label: tApp('undo'),
        act: () => change.mutate({ member: { ...member, role }, role: member.role }),
      });
    },
    onError: (error) => failed(error),
  });
  const remove = useMutation({
    mutationFn: (member: Member) =>
      answer(api.DELETE('/api/workspaces/{workspace_id}/members/{user_id}', at(member))),
    onSuccess: (_done, { name }) => {
      void readAgain();
      done(t('removed', { name }));
    },
    onError: (error) => failed(error),
  });
  return { change, remove };
}

function Invite({ me, onMade }: PartProps & { onMade: (made: Made) => void }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const form = useForm({
    initialValues: { email: '', role: 'editor' as string },
    validate: { email: (value) => (value.includes('@') ? null : t('emailMissing')) },
  });
  const invite = useMutation({
    mutationFn: ({ email, role }: typeof form.values) =>
      answer(
        api.POST('/api/workspaces/{workspace_id}/invitations', {
          params: { path: { workspace_id: me.workspace.id } },
          body: { email, role: ROLES.find((each) => each === role) ?? 'editor' },
          headers: onceKey(),
        }),
      ),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: settingsKeys.invitations });
      form.reset();
      onMade(made);
    },
    onError: (error) => {
      const found = fieldErrors(error);
      form.setErrors(found);
      if (Object.keys(found).length === 0) failed(error);
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => invite.mutate(values))} noValidate>
      <Stack gap="xs">
        <Title order={2}>{t('invite')}</Title>
        <Group align="flex-start" gap="xs">
          <TextInput
            aria-label={t('email')}
            type="email"
            placeholder={t('email')}
            w={{ base: '100%', xs: 280 }}
            {...form.getInputProps('email')}
          />
          <Select
            aria-label={t('role')}
            w={130}
            data={ROLES.map((value) => ({ value, label: t(`roles.${value}`) }))}
            allowDeselect={false}
            {...form.getInputProps('role')}
          />
          <Button type="submit" loading={invite.isPending}>
            {t('sendInvitation')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Invitations({ me }: PartProps) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const items = useQuery(invitationsQuery(me.workspace.id)).data?.items ?? [];
  const withdraw = useMutation({
    mutationFn: (id: string) =>
      answer(
        api.DELETE('/api/workspaces/{workspace_id}/invitations/{invitation_id}', {
          params: { path: { workspace_id: me.workspace.id, invitation_id: id } },
        }),
      ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: settingsKeys.invitations });
      done(t('withdrawn'));
    },
    onError: (error) => failed(error),
  });
  if (items.length === 0) return null;
  return (
    <Stack gap="xs">
      <Title order={2}>{t('invitations')}</Title>
      <DataTable
        label={t('invitations')}
        rows={items}
        columns={[
          { title: t('email'), cell: ({ email }) => email },
          { title: t('role'), cell: ({ role }) => t(`roles.${role}`) },
          { title: t('expires'), from: 'sm', cell: ({ expires_at }) => <When at={expires_at} /> },
          {
            title: '',
            align: 'right',
            cell: ({ id, email }) => (
              <Confirm
                label={t('withdraw')}
                title={t('withdrawTitle', { email })}
                text={t('withdrawText')}
                isPending={withdraw.isPending}
                onConfirm={() => withdraw.mutate(id)}
              />
            ),
          },
        ]}
      />
    </Stack>
  );
}
