// A module tells its parts once: loading, saving, optimising, counting, quantising are all walks over that list.
//
//   for (const Parameter& p : parameters(transformer)) fmt::print("{} {}\n", p.name, to_string(p.tensor->shape()));
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "linnet/tensor/tensor.h"

namespace linnet::nn {

class Linear;

struct Parameter {
  std::string name;  // "layers.3.attention.output.weight"
  Tensor* tensor;    // the module's own member; undefined until loaded
  Shape shape;       // what the module expects
};

class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void tensor(std::string_view name, Tensor& value, const Shape& shape) = 0;
  virtual void linear(Linear&) {}  // called inside the linear's own scope, before its tensors
  virtual void enter(std::string_view child) = 0;
  virtual void leave() = 0;
};

template <class M>
void visit_child(Visitor& v, std::string_view name, M& child) {
  v.enter(name);
  child.visit(v);
  v.leave();
}

// Keeps the dotted path while walking.
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

template <class M>
std::vector<Parameter> parameters(M& module) {
  struct List : PathVisitor {
    std::vector<Parameter> found;
    void tensor(std::string_view name, Tensor& value, const Shape& shape) override {
      found.push_back({path() + std::string(name), &value, shape});
    }
  } list;
  module.visit(list);
  return std::move(list.found);
}

struct NamedLinear {
  std::string name;  // "layers.3.attention.query"
  Linear* linear;
};
template <class M>
std::vector<NamedLinear> linears(M& module) {
  struct List : PathVisitor {
    std::vector<NamedLinear> found;
    void tensor(std::string_view, Tensor&, const Shape&) override {}
    void linear(Linear& value) override { found.push_back({path().substr(0, path().size() - 1), &value}); }
  } list;
  module.visit(list);
  return std::move(list.found);
}

}  // namespace linnet::nn
