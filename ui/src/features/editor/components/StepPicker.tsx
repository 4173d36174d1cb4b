import { Text, TextInput } from '@mantine/core';
import { IconRobot, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '~/design/Dialog';
import { agentsQuery } from '~/features/agents/queries';
import { endDrag, startDrag } from '../canvas/dragging';
import { useView } from '../state/view';
import { useEditor } from './EditorContext';
import { KindIcon } from './KindIcon';
import { useCommands, type Wish } from './useCommands';

const CATEGORIES = ['agents', 'apps', 'data', 'flow'] as const;

interface Choice {
  key: string;
  title: string;
  text: string;
  category: (typeof CATEGORIES)[number];
  wish: Wish;
  agent: boolean;
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/[̀-ͯ]/g, '').toLowerCase();
}

/** What can be put into an automation: the actions of the catalogue, and the workspace's agents. */
function useChoices(search: string): Choice[] {
  const { actions } = useEditor();
  const { data: agents } = useQuery(agentsQuery());
  return useMemo(() => {
    const all: Choice[] = [...actions.values()].map((action) => ({
      key: action.name,
      title: action.title,
      text: action.description,
      category: action.category,
      wish: { type: action.name, config: startOf(action) },
      agent: false,
    }));
    if (actions.has('agent')) {
      for (const { slug, name, description } of agents?.items ?? []) {
        const wish = { type: 'agent', id: slug, config: { agent: slug } };
        all.push({
          key: `agent ${slug}`,
          title: name,
          text: description,
          category: 'agents',
          wish,
          agent: true,
        });
      }
    }
    const words = plain(search).split(/\s+/).filter(Boolean);
    const found = all.filter(({ title, text, key }) => {
      const hay = plain(`${title} ${text} ${key}`);
      return words.every((word) => hay.includes(word));
    });
    const rank = (choice: Choice) =>
      CATEGORIES.indexOf(choice.category) * 2 +
      (words.length > 0 && plain(choice.title).startsWith(words[0] ?? '') ? -20 : 0);
    return found.sort((one, other) => rank(one) - rank(other) || one.title.localeCompare(other.title));
  }, [actions, agents, search]);
}

/** A branch without cases could not be drawn: what an action needs for its exits comes from its example. */
function startOf(action: { exits: string[]; example: Record<string, unknown> }): Record<string, unknown> {
  const fields = action.exits.flatMap((exit) => /^\{(\w+)/.exec(exit)?.[1] ?? []);
  return structuredClone(
    Object.fromEntries(Object.entries(action.example).filter(([name]) => fields.includes(name))),
  );
}

const NONE: Choice[] = [];

interface Props {
  onPick: (wish: Wish) => void;
  /** The field takes the focus at once. */
  focused?: boolean;
  drag?: boolean;
}

export function StepPicker({ onPick, focused, drag }: Props) {
  const { t } = useTranslation('editor');
  const [search, setSearch] = useState('');
  const [active, setActive] = useState(0);
  const choices = useChoices(search);
  const shown = useDeferredValue(choices, NONE); // the field takes letters before the list is drawn
  const list = useId();
  const rows = useRef<HTMLDivElement>(null);
  const chosen = focused ? Math.min(active, choices.length - 1) : -1;
  useEffect(() => {
    rows.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  });
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && focused) {
      event.preventDefault();
      setActive((chosen + step + choices.length) % Math.max(1, choices.length));
    }
    const pick = choices[Math.max(0, chosen)];
    if (event.key === 'Enter' && pick && (focused || search)) {
      event.preventDefault();
      onPick(pick.wish);
    }
  };
  let category = '';
  return (
    <div className="picker">
      <TextInput
        value={search}
        onChange={(event) => {
          setSearch(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={press}
        data-autofocus={focused || undefined}
        leftSection={<IconSearch size={14} aria-hidden />}
        placeholder={t('findAction')}
        aria-label={t('findAction')}
        role={focused ? 'combobox' : undefined}
        aria-expanded={focused ? true : undefined}
        aria-controls={focused ? list : undefined}
        aria-activedescendant={focused && choices[chosen] ? `${list}-${chosen}` : undefined}
      />
      <div
        ref={rows}
        id={list}
        className="picker-scroll"
        {...(focused ? { role: 'listbox', 'aria-label': t('palette') } : {})}
      >
        {shown.map((choice, index) => {
          const first = choice.category !== category;
          category = choice.category;
          return (
            <div key={choice.key} role="presentation">
              {first && (
                <Text className="picker-category" aria-hidden={focused}>
                  {t(`categories.${choice.category}`)}
                </Text>
              )}
              <button
                type="button"
                className="picker-choice"
                id={`${list}-${index}`}
                {...(focused ? { role: 'option', 'aria-selected': index === chosen, tabIndex: -1 } : {})}
                title={choice.text}
                data-action={choice.key}
                draggable={drag}
                onDragStart={(event) => startDrag(event, choice.wish)}
                onDragEnd={endDrag}
                onClick={() => onPick(choice.wish)}
              >
                <span className="picker-icon">
                  {choice.agent ? (
                    <IconRobot size={16} stroke={1.6} aria-hidden />
                  ) : (
                    <KindIcon type={choice.wish.type} size={16} />
                  )}
                </span>
                <span className="picker-text">
                  <span>{choice.title}</span>
                  {focused && <span className="picker-hint">{choice.text}</span>}
                </span>
              </button>
            </div>
          );
        })}
        {choices.length === 0 && (
          <Text fz="sm" c="dimmed" p="sm">
            {t('nothingFound')}
          </Text>
        )}
      </div>
    </div>
  );
}

/** The palette in a dialog, for a "+" or the Tab key. */
export function InsertDialog() {
  const { t } = useTranslation('editor');
  const slot = useView((view) => view.slot);
  const insertAt = useView((view) => view.insertAt);
  const commands = useCommands();
  return (
    <Dialog
      opened={slot !== null}
      onClose={() => insertAt(null)}
      title={t('addStep')}
      size="md"
      yOffset="10vh"
      returnFocus={false}
    >
      {slot && <StepPicker focused onPick={(wish) => commands.insert(wish, slot)} />}
    </Dialog>
  );
}
