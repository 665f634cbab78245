/* class: contract. Sorting, of lists (equal ones stay in order) and arrays. */
#include <linux/list.h>
#include <linux/list_sort.h>
#include <linux/sort.h>
#include <linux/kernel.h>
#include <linux/bsearch.h>
#include <linux/hashtable.h>
#include "observe.h"

struct item {
	int key, id;
	struct list_head node;
	struct hlist_node hash;
};
static int by_key(void *priv, const struct list_head *a, const struct list_head *b)
{
	return list_entry(a, struct item, node)->key - list_entry(b, struct item, node)->key;
}
static int ints(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static int swaps;
static void swap_ints(void *a, void *b, int size)
{
	int t = *(int *)a;

	swaps++;
	*(int *)a = *(int *)b;
	*(int *)b = t;
}
static DEFINE_HASHTABLE(table, 3);

static void scenario(void)
{
	static struct item items[10];
	static const int keys[10] = { 5, 3, 5, 1, 3, 9, 1, 5, 0, 3 };
	int array[9] = { 9, 1, 8, 2, 7, 3, 6, 4, 5 }, key = 7, n = 0, *found;
	struct item *it;
	struct hlist_node *tmp;
	LIST_HEAD(all);
	int i;
	unsigned int bucket;

	for (i = 0; i < 10; i++) {
		items[i].key = keys[i];
		items[i].id = i;
		list_add_tail(&items[i].node, &all);
	}
	list_sort(NULL, &all, by_key);
	list_for_each_entry(it, &all, node)
		OBSERVE("key %d id %d", it->key, it->id);
	sort(array, 9, sizeof(int), ints, swap_ints);
	OBSERVE("sorted %d %d %d %d %d %d %d %d %d, swapped %d", array[0], array[1], array[2], array[3], array[4], array[5], array[6],
		array[7], array[8], swaps > 0);
	found = (int *)bsearch(&key, array, 9, sizeof(int), ints);
	OBSERVE("found at %d", found ? (int)(found - array) : -1);
	key = 10;
	OBSERVE("not found %d", bsearch(&key, array, 9, sizeof(int), ints) == NULL);

	OBSERVE("hash empty %d", hash_empty(table));
	for (i = 0; i < 10; i++)
		hash_add(table, &items[i].hash, items[i].key);
	hash_for_each_possible(table, it, hash, 5)
		n += it->key == 5;
	OBSERVE("fives %d, hashed %d", n, hash_hashed(&items[0].hash));
	hash_for_each_safe(table, bucket, tmp, it, hash)
		if (it->key == 5)
			hash_del(&it->hash);
	n = 0;
	hash_for_each(table, bucket, it, hash)
		n++;
	OBSERVE("left %d, hashed %d", n, hash_hashed(&items[0].hash));
	hash_init(table);
	OBSERVE("hash empty %d", hash_empty(table));
}
SCENARIO(scenario)
