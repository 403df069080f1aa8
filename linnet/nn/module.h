// A module lists its parameters once: loading, saving, optimising, counting and quantising all visit that list.
//
//   for (const Parameter& p : parameters(transformer)) fmt::print("{} {}\n", p.name, to_string(p.tensor->shape()));
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "linnet/nn/role.h"
#include "linnet/tensor/tensor.h"

namespace linnet::nn {

class Linear;

struct Parameter {
  std::string name;  // "layers.3.attention.output.weight"
  Tensor* tensor;    // member of the module; undefined until loaded
  Shape shape;       // expected by the module
  Role role;
  Part part;

  std::string module() const { return name.substr(0, name.rfind('.')); }  // "layers.3.attention.output"
};

class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void tensor(std::string_view name, Tensor& value, const Shape& shape, Role role, Part part) = 0;
  virtual void linear(Linear&, Role) {}  // called within the linear module's scope, before its tensors
  virtual void enter(std::string_view child) = 0;
  virtual void leave() = 0;
};

// Passes the role to a module that has several uses (linear, norm).
template <class M, class... R>
void visit_child(Visitor& v, std::string_view name, M& child, R... role) {
  v.enter(name);
  child.visit(v, role...);
  v.leave();
}

// Tracks the dotted path of the visit.
class PathVisitor : public Visitor {
 public:
  void enter(std::string_view child) override {
    starts_.push_back(path_.size());
    path_.append(child).push_back('.');
  }
  void leave() override {
    path_.resize(starts_.back());
    starts_.pop_back();
  }

 protected:
  const std::string& path() const { return path_; }  // ends with a dot unless empty

 private:
  std::string path_;
  std::vector<std::size_t> starts_;
};

template <class M, class... R>
std::vector<Parameter> parameters(M& module, R... role) {
  struct List : PathVisitor {
    std::vector<Parameter> found;
    void tensor(std::string_view name, Tensor& value, const Shape& shape, Role role, Part part) override {
      found.push_back({path() + std::string(name), &value, shape, role, part});
    }
  } list;
  module.visit(list, role...);
  return std::move(list.found);
}

struct NamedLinear {
  std::string name;  // "layers.3.attention.query"
  Linear* linear;
  Role role;
};
template <class M>
std::vector<NamedLinear> linears(M& module) {
  struct List : PathVisitor {
    std::vector<NamedLinear> found;
    void tensor(std::string_view, Tensor&, const Shape&, Role, Part) override {}
    void linear(Linear& value, Role role) override {
      found.push_back({path().substr(0, path().size() - 1), &value, role});
    }
  } list;
  module.visit(list);
  return std::move(list.found);
}

}  // namespace linnet::nn
