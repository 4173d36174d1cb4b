import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import type { components } from '~/api/schema';
import { done, failed } from '~/design/toast';
import { type Channel, channelKeys, type Message } from './queries';

const at = (message: Message) => ({
  params: { path: { channel_id: message.channel_id, message_id: message.id } },
});
const of = (channel: Pick<Channel, 'id'>) => ({ params: { path: { channel_id: channel.id } } });

function useChannelsRead() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: channelKeys.all });
}

export function useEditMessage(message: Message, onDone: () => void) {
  const readAgain = useChannelsRead();
  return useMutation({
    mutationFn: (text: string) =>
      answer(
        api.PATCH('/api/channels/{channel_id}/messages/{message_id}', { ...at(message), body: { text } }),
      ),
    onSuccess: async () => {
      await readAgain();
      onDone();
    },
    onError: (error) => failed(error),
  });
}

export function useDeleteMessage(message: Message) {
  const readAgain = useChannelsRead();
  return useMutation({
    mutationFn: () => answer(api.DELETE('/api/channels/{channel_id}/messages/{message_id}', at(message))),
    onSuccess: readAgain,
    onError: (error) => failed(error),
  });
}

/** Everything was seen that is there now, in threads too. */
export function useMarkRead(channelId: string) {
  const readAgain = useChannelsRead();
  return useMutation({
    mutationFn: () =>
      answer(
        api.POST('/api/channels/{channel_id}/read', {
          params: { path: { channel_id: channelId } },
          body: {},
        }),
      ),
    onSuccess: readAgain,
  });
}

export function useChangeChannel(channel: Channel) {
  const { t } = useTranslation('channels');
  const readAgain = useChannelsRead();
  return useMutation({
    mutationFn: (body: components['schemas']['ChannelPatch']) =>
      answer(api.PATCH('/api/channels/{channel_id}', { ...of(channel), body })),
    onSuccess: ({ name }) => {
      void readAgain();
      done(t('saved', { name }));
    },
  });
}

export function useArchive(channel: Channel) {
  const { t } = useTranslation('channels');
  const readAgain = useChannelsRead();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () => answer(api.DELETE('/api/channels/{channel_id}', of(channel))),
    onSuccess: () => {
      void navigate({ to: '/channels' });
      void readAgain();
      done(t('archived', { name: channel.name }));
    },
    onError: (error) => failed(error),
  });
}

export function useAddMember(channel: Channel) {
  const readAgain = useChannelsRead();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answer(api.POST('/api/channels/{channel_id}/members', { ...of(channel), body: { id } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['agents'] });
      return readAgain();
    },
    onError: (error) => failed(error),
  });
}

/** Taken away, and put back by the toast. */
export function useRemoveMember(channel: Channel) {
  const { t } = useTranslation('channels');
  const { t: tApp } = useTranslation();
  const readAgain = useChannelsRead();
  const add = useAddMember(channel);
  return useMutation({
    mutationFn: (member: components['schemas']['api__channels__MemberView']) =>
      answer(
        api.DELETE('/api/channels/{channel_id}/members/{member_id}', {
          params: { path: { channel_id: channel.id, member_id: member.id } },
        }),
      ),
    onSuccess: (_done, member) => {
      void readAgain();
      const who = member.agent_id ?? member.user_id;
      done(
        t('removed', { name: member.name }),
        who ? { label: tApp('undo'), act: () => add.mutate(who) } : undefined,
      );
    },
    onError: (error) => failed(error),
  });
}
