import { ActionIcon, Menu } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import {
  type ReactNode,
  type Ref,
  type RefObject,
  useEffect,
  useId,
  useImperativeHandle,
  useRef,
  useState,
} from 'react';

const { root, icon } = ActionIcon.classes;

interface Props {
  label: string;
  /** The items. */
  children: () => ReactNode;
}

/** Three dots and their menu, for the rows of long lists: of the menu nothing is there until somebody opens it. */
export function LazyMenu({ label, children }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [isMade, setMade] = useState(false);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(isMade), [isMade]); // after it is there: the menu notes where the focus comes from
  return (
    <>
      <button
        ref={button}
        type="button"
        id={id}
        className={`mantine-focus-auto mantine-active row-menu ${root}`}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? `${id}-dropdown` : undefined}
        onClick={() => (isMade ? setOpen(!isOpen) : setMade(true))}
      >
        <span className={icon}>
          <IconDots size={17} />
        </span>
      </button>
      {isMade && (
        <Menu id={id} opened={isOpen} onChange={setOpen}>
          <Menu.Target>
            <There element={button} />
          </Menu.Target>
          <Menu.Dropdown>{children()}</Menu.Dropdown>
        </Menu>
      )}
    </>
  );
}

/** Stands for an element that is in the page already. */
function There({ element, ref }: { element: RefObject<HTMLElement | null>; ref?: Ref<HTMLElement | null> }) {
  useImperativeHandle<HTMLElement | null, HTMLElement | null>(ref, () => element.current, [element]);
  return null;
}
