import { type QueryKey, useMutation, useQueryClient } from '@tanstack/react-query';

interface Optimistic<Input, Data> {
  /** The queries that show it: every one whose key begins so is changed at once. */
  queryKey: QueryKey;
  change: (data: Data, input: Input) => Data;
  send: (input: Input) => Promise<unknown>;
  onSuccess?: (input: Input) => void;
  onError?: (error: Error, input: Input) => void;
}

/** A mutation that is seen before it is done; when it fails, what was seen before comes back. */
export function useOptimistic<Input, Data>(how: Optimistic<Input, Data>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: how.send,
    onMutate: async (input: Input) => {
      await client.cancelQueries({ queryKey: how.queryKey });
      const before = client.getQueriesData<Data>({ queryKey: how.queryKey });
      client.setQueriesData<Data>({ queryKey: how.queryKey }, (data) =>
        data ? how.change(data, input) : data,
      );
      return before;
    },
    onSuccess: (_answer, input) => how.onSuccess?.(input),
    onError: (error, input, before) => {
      for (const [key, data] of before ?? []) client.setQueryData(key, data);
      how.onError?.(error, input);
    },
    onSettled: () => client.invalidateQueries({ queryKey: how.queryKey }),
  });
}
