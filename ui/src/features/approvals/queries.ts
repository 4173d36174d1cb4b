import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';
import type { components } from '~/api/schema';

export type Approval = components['schemas']['ApprovalView'];
/** A question as anybody sees it who may answer it. */
export type Question = Omit<components['schemas']['LinkedView'], 'recipient' | 'expires_at'>;
export type Reply = components['schemas']['AnswerBody'];

export const INBOXES = ['mine', 'others', 'answered'] as const;
export type Inbox = (typeof INBOXES)[number];

export interface ApprovalFilter {
  run_id?: string;
  inbox?: Inbox;
  /** Which question is looked at. */
  id?: string;
}

const PAGE = 50;

export const approvalKeys = {
  all: ['approvals'] as const,
  lists: ['approvals', 'list'] as const,
  ofRun: (runId: string) => ['approvals', 'run', runId] as const,
};

export function approvalsQuery({ run_id, inbox = 'mine' }: ApprovalFilter) {
  return infiniteQueryOptions({
    queryKey: [...approvalKeys.lists, run_id ?? '', inbox] as const,
    queryFn: ({ pageParam, signal }) => {
      const state = inbox === 'answered' ? undefined : ('pending' as const);
      const mine = inbox === 'mine' && !run_id;
      const query = { state, mine, run_id, limit: PAGE, cursor: pageParam };
      return answer(api.GET('/api/approvals', { params: { query }, signal }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    select: ({ pages }) =>
      pages
        .flatMap((page) => page.items)
        .filter((each) =>
          inbox === 'answered' ? each.state !== 'pending' : inbox !== 'others' || !each.asked,
        ),
  });
}

/** What a run asks people now. */
export function questionsOfRunQuery(runId: string) {
  return queryOptions({
    queryKey: approvalKeys.ofRun(runId),
    queryFn: async ({ signal }) => {
      const query = { run_id: runId, limit: 100 };
      return (await answer(api.GET('/api/approvals', { params: { query }, signal }))).items;
    },
  });
}

export function approvalQuery(id: string) {
  return queryOptions({
    queryKey: [...approvalKeys.all, 'one', id] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/approvals/{approval_id}', { params: { path: { approval_id: id } }, signal })),
  });
}

export function linkedApprovalQuery(token: string) {
  return queryOptions({
    queryKey: [...approvalKeys.all, 'linked', token] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/approvals/by-token/{token}', { params: { path: { token } }, signal })),
    retry: false,
  });
}
