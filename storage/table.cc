#include "storage/table.h"

#include "storage/table_impl.h"

namespace ringtail::storage {

template class BasicTable<Entry>;

}  // namespace ringtail::storage
