#include "common/json/document.h"

#include "common/json/text.h"

namespace zoomwatch::json {

NodeIndex Document::Find(NodeIndex object, const Key& key) const {
  if (object == kNoNode || nodes_[object].type != Type::kObject) return kNoNode;
  const NodeIndex end = end_of(object);
  for (NodeIndex child = first_child(object); child != end; child = nodes_[child].next) {
    if (nodes_[child].key_tag == key.tag && nodes_[child].key == key.name) return child;
  }
  return kNoNode;
}

void Document::AppendString(NodeIndex index, std::string& out) const {
  const std::string_view raw = RawString(index);
  if (nodes_[index].escaped) {
    AppendUnescaped(raw, out);
  } else {
    out.append(raw);
  }
}

}  // namespace zoomwatch::json
