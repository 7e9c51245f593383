#include "file/simulated_tree.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace datawal {

void SimulatedNames::apply(const std::vector<Binding>& bindings, Map& entries) {
  for (const Binding& binding : bindings) {
    if (binding.node) {
      entries.insert_or_assign(binding.name, binding.node);
    } else {
      entries.erase(binding.name);
    }
  }
}

void SimulatedNames::bind(std::vector<Binding> bindings) {
  apply(bindings, cached_);
  pending_.push_back(std::move(bindings));
}

void SimulatedNames::sync() {
  if (pending_.size() == clean_count_) return;
  keep(pending_.size());
}

void SimulatedNames::fail_sync() {
  clean_count_ = pending_.size();
}

// Leaves the disk with the first `change_count` pending changes; the cache is not touched.
void SimulatedNames::keep(std::size_t change_count) {
  for (std::size_t index = 0; index < change_count; ++index) apply(pending_[index], durable_);
  pending_.clear();
  clean_count_ = 0;
}

void SimulatedNames::cut_power(PowerCut policy, SimulatedRandom& random) {
  std::size_t change_count = policy == PowerCut::kDropPending ? 0 : pending_.size();
  if (policy == PowerCut::kTear) {
    switch (random.below(4)) {
      case 0:
        change_count = 0;
        break;
      case 1:
        break;
      default:
        change_count = random.below(pending_.size() + 1);
    }
  }
  keep(change_count);
  cached_ = durable_;
}

void SimulatedNames::place(Binding binding) {
  for (std::vector<Binding>& bindings : pending_) {
    std::erase_if(bindings, [&](const Binding& earlier) { return earlier.name == binding.name; });
  }
  const std::vector<Binding> bindings = {std::move(binding)};
  apply(bindings, cached_);
  apply(bindings, durable_);
}

SimulatedNames SimulatedNames::copy(
    const std::function<SimulatedNodePointer(const SimulatedNodePointer&)>& replacement) const {
  SimulatedNames result = *this;
  for (auto& [name, node] : result.cached_) node = replacement(node);
  for (auto& [name, node] : result.durable_) node = replacement(node);
  for (std::vector<Binding>& bindings : result.pending_) {
    for (Binding& binding : bindings) {
      if (binding.node) binding.node = replacement(binding.node);
    }
  }
  return result;
}

SimulatedTree::SimulatedTree() {
  root_ = make_node(SimulatedKind::kDirectory);
  root_->link_count = 1;
}

SimulatedNodePointer SimulatedTree::make_node(SimulatedKind kind) {
  std::erase_if(nodes_, [](const auto& node) { return node.expired(); });
  auto node = std::make_shared<SimulatedNode>(SimulatedNode{.kind = kind, .id = ++last_id_});
  nodes_.push_back(node);
  return node;
}

std::vector<std::string> simulated_path_parts(const std::filesystem::path& path) {
  std::vector<std::string> parts;
  for (const std::filesystem::path& part : path.relative_path()) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part.string());
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return parts;
}

SimulatedNodePointer SimulatedTree::find(const std::filesystem::path& path) const {
  SimulatedNodePointer node = root_;
  for (const std::string& part : simulated_path_parts(path)) {
    if (node->kind != SimulatedKind::kDirectory) return nullptr;
    const auto entry = node->names.entries().find(part);
    if (entry == node->names.entries().end()) return nullptr;
    node = entry->second;
  }
  return node;
}

std::uint64_t SimulatedTree::used_size() const {
  std::uint64_t size = 0;
  for (const std::weak_ptr<SimulatedNode>& weak : nodes_) {
    const SimulatedNodePointer node = weak.lock();
    if (!node) continue;
    if (node->link_count > 0 || std::ranges::any_of(node->openers, SimulatedClaim::holds)) {
      size += node->data.size();
    }
  }
  return size;
}

void SimulatedTree::bind(const SimulatedNodePointer& directory, std::string_view name,
                         SimulatedNodePointer node) {
  const auto entry = directory->names.entries().find(name);
  if (entry != directory->names.entries().end()) --entry->second->link_count;
  if (node) {
    ++node->link_count;
    node->parent = directory;
  }
  directory->names.bind({{.name = std::string(name), .node = std::move(node)}});
  ++directory->change_count;
}

void SimulatedTree::rename(SimulatedNode& directory, std::string_view from, std::string_view to) {
  const SimulatedNames::Map& entries = directory.names.entries();
  const auto target = entries.find(to);
  if (target != entries.end()) --target->second->link_count;
  directory.names.bind({{.name = std::string(to), .node = entries.find(from)->second},
                        {.name = std::string(from), .node = nullptr}});
  ++directory.change_count;
}

void SimulatedTree::exchange(SimulatedNode& directory, std::string_view name,
                             std::string_view other) {
  const SimulatedNames::Map& entries = directory.names.entries();
  directory.names.bind({{.name = std::string(name), .node = entries.find(other)->second},
                        {.name = std::string(other), .node = entries.find(name)->second}});
  ++directory.change_count;
}

void SimulatedTree::place(const std::filesystem::path& path, SimulatedNodePointer node) {
  SimulatedNodePointer directory = root_;
  std::vector<std::string> parts = simulated_path_parts(path);
  if (parts.empty()) throw std::invalid_argument("the root cannot be replaced");
  const std::string name = std::move(parts.back());
  parts.pop_back();
  for (const std::string& part : parts) {
    const auto entry = directory->names.entries().find(part);
    SimulatedNodePointer next;
    if (entry != directory->names.entries().end()) {
      next = entry->second;
    } else {
      next = make_node(SimulatedKind::kDirectory);
      next->link_count = 1;
      next->parent = directory;
      directory->names.place({.name = part, .node = next});
    }
    if (next->kind != SimulatedKind::kDirectory) {
      throw std::invalid_argument("not a directory on the way to " + path.string());
    }
    directory = next;
  }
  const auto replaced = directory->names.entries().find(name);
  if (replaced != directory->names.entries().end()) --replaced->second->link_count;
  if (node) {
    ++node->link_count;
    node->parent = directory;
  }
  directory->names.place({.name = name, .node = std::move(node)});
  ++directory->change_count;
}

void SimulatedTree::cut_power(PowerCut policy, SimulatedRandom& random) {
  // From the root down: what the names that are left do not lead to is gone. In the order of the
  // names, so that the same seed gives the same disk.
  std::unordered_set<const SimulatedNode*> seen = {root_.get()};
  std::vector<SimulatedNodePointer> found = {root_};
  while (!found.empty()) {
    const SimulatedNodePointer node = std::move(found.back());
    found.pop_back();
    if (node->kind == SimulatedKind::kFile) node->data.cut_power(policy, random);
    if (node->kind != SimulatedKind::kDirectory) continue;
    node->names.cut_power(policy, random);
    for (const auto& [name, child] : node->names.entries()) {
      if (seen.insert(child.get()).second) found.push_back(child);
    }
  }
  restart();
}

// Counts the links anew. Whoever still holds a node from before the power cut no longer has a use
// for it.
void SimulatedTree::restart() {
  for (const std::weak_ptr<SimulatedNode>& weak : nodes_) {
    if (const SimulatedNodePointer node = weak.lock()) node->link_count = 0;
  }
  root_->link_count = 1;
  std::vector<SimulatedNodePointer> found = {root_};
  std::vector<std::weak_ptr<SimulatedNode>> kept = {root_};
  while (!found.empty()) {
    const SimulatedNodePointer node = std::move(found.back());
    found.pop_back();
    for (const auto& [name, child] : node->names.entries()) {
      if (++child->link_count > 1) continue;
      kept.push_back(child);
      found.push_back(child);
    }
  }
  nodes_ = std::move(kept);
}

SimulatedTree SimulatedTree::copy() const {
  SimulatedTree result;
  std::unordered_map<const SimulatedNode*, SimulatedNodePointer> copies;
  const std::function<SimulatedNodePointer(const SimulatedNodePointer&)> copy_node =
      [&](const SimulatedNodePointer& node) {
        SimulatedNodePointer& copied = copies[node.get()];
        if (copied) return copied;
        copied = result.make_node(node->kind);
        const SimulatedNodePointer target = copied;  // the map moves while it grows
        target->data = node->data;
        target->id = node->id;
        target->modification_count = node->modification_count;
        target->link_count = node->link_count;
        target->names = node->names.copy(copy_node);
        return target;
      };
  result.root_ = copy_node(root_);
  result.last_id_ = last_id_;
  for (const auto& [node, copied] : copies) {
    if (const SimulatedNodePointer parent = node->parent.lock()) {
      const auto found = copies.find(parent.get());
      if (found != copies.end()) copied->parent = found->second;
    }
  }
  return result;
}

}  // namespace datawal
