/* class: contract. Lists: where things land, and what empty ones say. */
#include <linux/list.h>
#include <linux/kernel.h>
#include "observe.h"

struct node { int id; struct list_head list; };
static LIST_HEAD(a);
static LIST_HEAD(b);
static struct node n[6];

static void show(const char *what, struct list_head *head)
{
	char text[32];
	struct node *p;
	int k = 0;

	list_for_each_entry(p, head, list)
		text[k++] = (char)('0' + p->id);
	text[k] = 0;
	OBSERVE("%s: [%s] empty %d singular %d", what, text, !!list_empty(head), !!list_is_singular(head));
}

static void scenario(void)
{
	struct node *p, *next;
	int i;

	for (i = 0; i < 6; i++) {
		n[i].id = i;
		INIT_LIST_HEAD(&n[i].list);
	}
	show("new", &a);
	list_add(&n[0].list, &a);
	show("one", &a);
	list_add(&n[1].list, &a);
	list_add_tail(&n[2].list, &a);
	show("front and back", &a);
	OBSERVE("first %d last %d, is_first %d is_last %d", list_first_entry(&a, struct node, list)->id,
		list_last_entry(&a, struct node, list)->id, list_is_first(&n[1].list, &a), list_is_last(&n[0].list, &a));
	list_move(&n[2].list, &a);
	show("moved to the front", &a);
	list_move_tail(&n[2].list, &a);
	list_add(&n[3].list, &b);
	list_add_tail(&n[4].list, &b);
	list_splice(&b, &a);
	show("spliced", &a);
	INIT_LIST_HEAD(&b);
	list_cut_position(&b, &a, &n[4].list);
	show("cut off", &b);
	show("the rest", &a);
	list_splice_tail_init(&b, &a);
	show("spliced at the end", &a);
	show("the other one", &b);
	list_swap(&n[1].list, &n[4].list);
	show("swapped", &a);
	list_replace_init(&n[0].list, &n[5].list);
	show("replaced", &a);
	list_rotate_left(&a);
	show("rotated", &a);
	list_bulk_move_tail(&a, &n[5].list, &n[2].list);
	show("some moved to the end", &a);
	list_for_each_entry_safe(p, next, &a, list)
		if (p->id & 1)
			list_del_init(&p->list);
	show("odd ones deleted", &a);
	OBSERVE("a deleted one is empty %d", !!list_empty(&n[1].list));
	i = 0;
	list_for_each_entry_reverse(p, &a, list)
		i = i * 10 + p->id;
	OBSERVE("backwards %d", i);
	p = list_first_entry_or_null(&b, struct node, list);
	OBSERVE("first of none %d", p == NULL);
	i = 0;
	list_for_each_entry(p, &a, list)
		i++;
	OBSERVE("count %d", i);
}
SCENARIO(scenario)
