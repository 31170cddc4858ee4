/* Allocation, and the recycler behind nncrt_alloc: a slot keeps the blocks that its last run used, so a run on the
 * same shapes as the one before allocates nothing. */
#include "internal.h"

void *nncrt_allocate(uint64_t bytes) {
  void *p;
  if (bytes > INT64_MAX - NNCRT_ALIGN)
    return NULL;
  uint64_t rounded = (bytes + NNCRT_ALIGN) & ~(uint64_t)(NNCRT_ALIGN - 1); /* never zero */
  return posix_memalign(&p, NNCRT_ALIGN, rounded) ? NULL : p;
}

void nncrt_release(void *p) { free(p); }

_Static_assert(sizeof(nncrt_block) <= NNCRT_ALIGN, "the header must fit before the aligned data");

static void lock(nncrt_slot *slot) {
  while (atomic_exchange_explicit(&slot->block_lock, 1, memory_order_acquire))
    ;
}

static void unlock(nncrt_slot *slot) { atomic_store_explicit(&slot->block_lock, 0, memory_order_release); }

static int32_t class_of(uint64_t size) {
  int32_t n = 0;
  while (size >>= 1)
    ++n;
  return n;
}

static void give_back(nncrt_slot *slot, nncrt_block *block) {
  nncrt_block **class = &slot->free_blocks[class_of(block->size)];
  block->next_free = *class;
  *class = block;
}

/* The smallest free block of at least `size` bytes, taken; NULL where none is. Graphs may have thousands of
 * temporaries: only the class of the size, and the next one that has any, are looked through. */
static nncrt_block *take_block(nncrt_slot *slot, uint64_t size) {
  nncrt_block **best = NULL;
  for (int32_t class = class_of(size); class < 64 && !best; ++class)
    for (nncrt_block **link = &slot->free_blocks[class]; *link; link = &(*link)->next_free)
      if ((*link)->size >= size && (!best || (*link)->size < (*best)->size)) {
        best = link;
        if ((*best)->size == size)
          break;
      }
  if (!best)
    return NULL;
  nncrt_block *block = *best;
  *best = block->next_free;
  block->used_in_run = true;
  return block;
}

void *nncrt_alloc(nncrt_run *run, int64_t bytes) {
  if (bytes < 0) {
    nncrt_fail(run, "a tensor is larger than the address space", 0, 0);
    return NULL;
  }
  nncrt_slot *slot = run->slot;
  lock(slot);
  nncrt_block *block = take_block(slot, (uint64_t)bytes);
  if (!block && (block = nncrt_allocate((uint64_t)bytes + NNCRT_ALIGN))) {
    block->size = (uint64_t)bytes;
    block->used_in_run = true;
    block->next = slot->blocks;
    slot->blocks = block;
  }
  unlock(slot);
  if (!block) {
    nncrt_fail(run, "out of memory for a tensor of %0 bytes", bytes, 0);
    nncrt_reject(run, NNC_OUT_OF_MEMORY);
    return NULL;
  }
  return (char *)block + NNCRT_ALIGN;
}

void nncrt_free(nncrt_run *run, void *p) {
  if (!p || p == nncrt_dummy(run))
    return;
  lock(run->slot);
  give_back(run->slot, (nncrt_block *)((char *)p - NNCRT_ALIGN));
  unlock(run->slot);
}

void nncrt_recycle(nncrt_slot *slot) {
  if (!slot->blocks) /* then none is free either, and networks of known sizes have none */
    return;
  memset(slot->free_blocks, 0, sizeof slot->free_blocks);
  for (nncrt_block **link = &slot->blocks; *link;) {
    nncrt_block *block = *link;
    if (block->used_in_run) {
      block->used_in_run = false;
      give_back(slot, block);
      link = &block->next;
    } else {
      *link = block->next;
      nncrt_release(block);
    }
  }
}

void nncrt_blocks_destroy(nncrt_slot *slot) {
  for (nncrt_block *block = slot->blocks, *next; block; block = next) {
    next = block->next;
    nncrt_release(block);
  }
}
